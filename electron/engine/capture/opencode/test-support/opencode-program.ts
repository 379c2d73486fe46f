/**
 * A process that has opencode's database open, as its program does. Arguments: file, session. Each line on its input is
 * done, and answered with `done`: `say <prompt>` writes an exchange whose rows change in place.
 */
import { createInterface } from 'node:readline';
import { OpencodeDatabase } from './opencode-database.ts';

const [, , file = '', session = ''] = process.argv;
const agent = new OpencodeDatabase(file);

function say(prompt: string): void {
  const answer = agent.begin(session, agent.prompt(session, prompt));
  for (let words = 1; words < 5; words += 1) agent.change('part', answer.text, { text: 'word '.repeat(words) });
  agent.finish(session, answer, `You said: ${prompt}`);
}

agent.session({ id: session });
console.log('done');
for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('say ')) say(line.slice(4));
  if (line === 'begin') agent.begin(session, agent.prompt(session, 'Not answered yet'));
  if (line === 'checkpoint') agent.database.pragma('wal_checkpoint(TRUNCATE)');
  console.log('done');
}
agent[Symbol.dispose]();
