/** The small files that opencode wrote before it had a database. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

type Data = Readonly<Record<string, unknown>>;

export class OpencodeStore {
  readonly directory: string;
  now: number;
  #count = 0;

  constructor(root: string, now = Date.UTC(2025, 10, 20, 9, 0, 0)) {
    this.directory = path.join(root, 'storage');
    this.now = now;
  }

  /** @returns its path below the store */
  write(name: string, data: Data): string {
    const file = path.join(this.directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(data, null, 2));
    return name;
  }

  read(name: string): Data {
    return JSON.parse(readFileSync(path.join(this.directory, name), 'utf8')) as Data;
  }

  names(folder: string): readonly string[] {
    return readdirSync(path.join(this.directory, folder)).sort();
  }

  change(name: string, data: Data): void {
    this.write(name, { ...this.read(name), ...data });
  }

  remove(name: string): void {
    rmSync(path.join(this.directory, name), { recursive: true });
  }

  session(id: string, more: Data = {}): void {
    this.now += 1;
    const time = { created: this.now, updated: this.now };
    this.write(`session/global/${id}.json`, { id, directory: '/home/ana/old', title: `Title of ${id}`, time, ...more });
  }

  /** @returns id of the message */
  message(session: string, data: Data): string {
    this.now += 1;
    this.#count += 1;
    const id = `msg_${this.now.toString(16)}${this.#count}`;
    this.write(`message/${session}/${id}.json`, { id, sessionID: session, time: { created: this.now }, ...data });
    return id;
  }

  /** @returns path of its file below the store */
  part(session: string, messageID: string, data: Data): string {
    this.#count += 1;
    const id = `prt_${this.now.toString(16)}${String(this.#count).padStart(4, '0')}`;
    return this.write(`part/${messageID}/${id}.json`, { id, sessionID: session, messageID, ...data });
  }

  /** @returns id of the prompt's message */
  exchange(session: string, prompt: string, answer: string): string {
    const asked = this.message(session, { role: 'user' });
    this.part(session, asked, { type: 'text', text: prompt });
    const said = this.message(session, { role: 'assistant', parentID: asked, path: { cwd: '/home/ana/old' } });
    this.part(session, said, { type: 'step-start' });
    this.part(session, said, { type: 'text', text: answer, time: { start: this.now, end: this.now } });
    this.part(session, said, { type: 'step-finish' });
    this.change(`message/${session}/${said}.json`, { time: { created: this.now, completed: this.now + 1 } });
    return asked;
  }
}
