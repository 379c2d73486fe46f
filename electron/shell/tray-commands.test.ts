import { describe, expect, it } from 'vitest';
import type { HealthReport, StatusSnapshot } from '../../shared/status.ts';
import { calmSnapshot } from '../../tests/window/sample-snapshot.ts';
import { EngineError } from '../engine/core/errors.ts';
import { silentLogger } from '../engine/core/logger.ts';
import { listeningHandlers } from './test-support/handlers.ts';
import type { HeardCall } from './test-support/handlers.ts';
import { TrayCommands, healthSentence, quitQuestion } from './tray-commands.ts';

interface Situation {
  readonly snapshot?: StatusSnapshot | null;
  readonly agrees?: boolean;
  readonly answers?: Readonly<Record<string, (args: unknown) => unknown>>;
}

function bench({ snapshot = null, agrees = true, answers = {} }: Situation = {}) {
  const heard: HeardCall[] = [];
  const said: string[] = [];
  const commands = new TrayCommands({
    handlers: listeningHandlers(heard, answers),
    window: {
      show: (place = null) => {
        said.push(`window ${JSON.stringify(place)}`);
        return Promise.resolve();
      },
    },
    people: {
      tell: (_title, text) => said.push(`told: ${text}`),
      answer: (_title, text, details) => {
        said.push(`answered: ${text}|${details}`);
        return Promise.resolve();
      },
      confirm: (question) => {
        said.push(`asked: ${question}`);
        return Promise.resolve(agrees);
      },
    },
    snapshot: () => snapshot,
    quit: () => said.push('quit'),
    logger: silentLogger,
  });
  return { heard, said, commands };
}

const withDepth = (depth: number, archiveCurrent = true): StatusSnapshot => ({
  ...calmSnapshot(),
  safety: { ...calmSnapshot().safety, archiveCurrent },
  queue: { ...calmSnapshot().queue, depth },
});

const REPORT: HealthReport = {
  status: 'unhealthy',
  at: 0,
  checks: [
    { name: 'redis', status: 'pass', timeMs: 1, reason: 'Redis answers.' },
    { name: 'sqlite', status: 'fail', timeMs: 1, reason: 'The database does not answer.' },
  ],
};

describe('TrayCommands', () => {
  it('asks the engine for what an entry says', async () => {
    const { heard, commands } = bench();

    await commands.run({ kind: 'resync' });
    await commands.run({ kind: 'pause', minutes: 15 });
    await commands.run({ kind: 'resume' });

    expect(heard).toEqual([
      { topic: 'jobs.start', args: { kind: 'resync', session: null, project: null } },
      { topic: 'recording.pause', args: { minutes: 15 } },
      { topic: 'recording.resume', args: {} },
    ]);
  });

  it('opens the window, also at a conversation', async () => {
    const { said, commands } = bench();

    await commands.run({ kind: 'open-status' });
    await commands.run({ kind: 'open-conversation', session: 's', exchange: 'e' });

    expect(said).toEqual(['window null', 'window {"session":"s","exchange":"e"}']);
  });

  it('says so when no file manager opens the data folder', async () => {
    const { said, commands } = bench({ answers: { 'data.openFolder': () => ({ opened: false }) } });

    await commands.run({ kind: 'open-data-folder' });

    expect(said).toEqual(['told: The data folder could not be opened: no file manager took it.']);
  });

  it('answers "Check health" with every check, the worst first', async () => {
    const { said, commands } = bench({ answers: { 'health.get': () => REPORT } });

    await commands.run({ kind: 'check-health' });

    expect(said).toEqual([
      'answered: Unhealthy: 1 of 2 checks did not pass.|FAIL  sqlite: The database does not answer.\nPASS  redis: Redis answers.',
    ]);
  });

  it('tells what went wrong', async () => {
    const { said, commands } = bench({
      answers: {
        'jobs.start': () => {
          throw new EngineError('JOB_BUSY', 'An import is running.');
        },
      },
    });

    await commands.run({ kind: 'resync' });

    expect(said).toEqual(['told: An import is running.']);
  });

  it('quits without a question when nothing is waiting', async () => {
    const { said, commands } = bench({ snapshot: withDepth(0) });

    await commands.run({ kind: 'quit' });

    expect(said).toEqual(['quit']);
  });

  it('asks before it quits while something is waiting, and takes no for an answer', async () => {
    const { said, commands } = bench({ snapshot: withDepth(612), agrees: false });

    await commands.run({ kind: 'quit' });

    expect(said).toEqual(['asked: 612 messages are safe in the queue and will be saved next time. Quit?']);
  });
});

describe('quitQuestion', () => {
  it('calls messages safe only when the archive is current', () => {
    expect(quitQuestion(withDepth(1))).toBe('1 message is safe in the queue and will be saved next time. Quit?');
    expect(quitQuestion(withDepth(2, false))).not.toContain('safe');
    expect(quitQuestion(null)).toBeNull();
  });
});

describe('healthSentence', () => {
  it('has a sentence for each state', () => {
    expect(healthSentence({ ...REPORT, status: 'healthy' })).toBe('Healthy: 2 of 2 checks passed.');
    expect(healthSentence({ ...REPORT, status: 'degraded' })).toBe(
      'Degraded: 1 of 2 checks need a look. Recording goes on.',
    );
  });
});
