import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

const ENTRY = path.join(import.meta.dirname, 'headless.ts');
const OLD_NODE = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, napi: '9' } })`;

/** The program in a process of its own, as `npm start -- --headless` runs it, from the sources. */
class Headless {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  output = '';

  constructor(home: string, args: readonly string[] = [], flags: readonly string[] = []) {
    const env = { ...process.env, HOLDFAST_HOME: home, CLAUDE_CONFIG_DIR: path.join(home, '..', 'claude') };
    this.#child = spawn(process.execPath, [...flags, ENTRY, '--no-open', ...args], { env });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Resolves once it has printed that, or has ended without. */
  async says(text: string): Promise<void> {
    const said = vi.waitUntil(() => this.output.includes(text), { timeout: 20_000 });
    await Promise.race([said, this.#ended]);
    if (!this.output.includes(text)) throw new Error(`it ended without saying "${text}":\n${this.output}`);
  }

  exitCode(): Promise<number | null> {
    return this.#ended;
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.#ended;
  }
}

let home = '';

beforeEach(async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-headless-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  home = path.join(folder, 'home');
});

describe('headless.ts', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('records until %s, and then ends with 0', async (signal) => {
    const program = new Headless(home, ['--headless', '--port', '0']);
    await program.says('Holdfast is recording');

    expect(await program.stop(signal)).toBe(0);
    expect(program.output).toContain('Stopping');
  });

  it('points to the one that is already running, and ends with 0', async () => {
    const first = new Headless(home, ['--port', '0']);
    onTestFinished(() => first.stop('SIGKILL').then(() => undefined));
    await first.says('Holdfast is recording');

    const second = new Headless(home, ['--port', '0']);

    expect(await second.exitCode()).toBe(0);
    expect(second.output).toContain('Holdfast is already running.');
    expect(await first.stop('SIGTERM')).toBe(0);
  });

  it('says in one line that a port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await vi.waitFor(() => {
      expect(server.address()).not.toBeNull();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    const program = new Headless(home, ['--port', String(port)]);

    expect(await program.exitCode()).toBe(2);
    expect(program.output.trim().split('\n')).toHaveLength(1);
    expect(program.output).toContain(String(port));
  });

  it('leaves a settings file that does not parse as it is', async () => {
    await mkdir(home, { recursive: true });
    await writeFile(path.join(home, 'settings.json'), '{ "version": 1, ');

    const program = new Headless(home, ['--port', '0']);

    expect(await program.exitCode()).toBe(2);
    expect(program.output).toContain('settings.json');
    expect(await readFile(path.join(home, 'settings.json'), 'utf8')).toBe('{ "version": 1, ');
  });

  it('says which data folder cannot be written', async () => {
    await writeFile(path.dirname(home) + '/file', '');
    const impossible = path.join(path.dirname(home), 'file', 'home');

    const program = new Headless(impossible, ['--port', '0']);

    expect(await program.exitCode()).toBe(2);
    expect(program.output).toContain(impossible);
  });

  it('refuses an old Node before it touches anything', async () => {
    const program = new Headless(home, ['--port', '0'], ['--import', OLD_NODE]);

    expect(await program.exitCode()).toBe(2);
    expect(program.output).toMatch(/^This is Node v[\d.]+; Holdfast needs Node 22\.14 or newer\..*\n$/);
    await expect(readFile(path.join(home, 'holdfast.db'))).rejects.toThrow('ENOENT');
  });

  it('refuses what it does not understand and says what there is', async () => {
    const program = new Headless(home, ['--prot', '1']);

    expect(await program.exitCode()).toBe(2);
    expect(program.output).toContain('Usage:');
  });
});
