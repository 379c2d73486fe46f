/** A database of as many exchanges as wanted, written through the store's own tables. */
import type { ExchangeDraft } from '../shared/exchange.ts';
import { CounterTable } from '../electron/engine/store/counter-table.ts';
import type { Database } from '../electron/engine/store/database.ts';
import { ExchangeTable } from '../electron/engine/store/exchange-table.ts';
import { SessionTable } from '../electron/engine/store/session-table.ts';
import { SubstringIndex } from '../electron/engine/store/substring-index.ts';
import { Phrases } from './transcripts/phrases.ts';
import { SeededRandom } from './transcripts/random.ts';

const AT_ONCE = 2000;
const PER_SESSION = 20;
const PROJECTS = 40;
const FIRST_AT = Date.UTC(2024, 0, 1);
const GAP_MS = 45_000;

/** Stands in every second exchange. */
export const COMMON = 'commonplace';
/** Stands in one of some thousand. */
export const RARE = 'rarissima';

export function fillSearchStore(database: Database, count: number, say: (line: string) => void): void {
  const random = new SeededRandom(7);
  const phrases = new Phrases(random, 7);
  const counters = new CounterTable(database);
  const sessions = new SessionTable(database, counters);
  const exchanges = new ExchangeTable(database, sessions, counters);
  const parts = new SubstringIndex(database);
  for (let from = 0; from < count; from += AT_ONCE) {
    const write = database.transaction(() => {
      for (let index = from; index < Math.min(count, from + AT_ONCE); index += 1) {
        const draft = draftOf(index, random, phrases);
        exchanges.put(draft, FIRST_AT + index * GAP_MS);
        const id = exchanges.idOf(draft.agent, draft.key);
        if (id !== null) sessions.holds(draft.agent, draft.sessionId, { id, isSubagent: false }, draft.startedAt);
      }
      exchanges.flush(FIRST_AT + from * GAP_MS);
      sessions.flush();
      counters.flush();
    });
    write.immediate();
    while (parts.follow(AT_ONCE) > 0);
    if (from % (AT_ONCE * 25) === 0) say(`${from} of ${count} exchanges`);
  }
}

function draftOf(index: number, random: SeededRandom, phrases: Phrases): ExchangeDraft {
  const at = FIRST_AT + index * GAP_MS;
  const record = `r${index}`;
  const answer = [
    phrases.sentence(),
    ...(random.int(2) === 0 ? [COMMON] : []),
    ...(random.int(5000) === 0 ? [RARE] : []),
    ...Array.from({ length: 10 + random.int(20) }, () => phrases.sentence()),
  ];
  return {
    key: `p${index}`,
    agent: 'claude-code',
    sessionId: `s${Math.floor(index / PER_SESSION)}`,
    project: `/home/dev/project-${index % PROJECTS}`,
    prompt: phrases.sentence(),
    parts: [
      { kind: 'text', text: answer.join(' '), messageId: null, record },
      { kind: 'tool', name: 'Bash', summary: phrases.sentence(), useId: null, messageId: null, record },
    ],
    state: 'complete',
    startedAt: at,
    endedAt: at,
    revision: 2,
    isSubagent: false,
    subagentId: null,
    lane: 'main',
    absorbedBy: null,
  };
}
