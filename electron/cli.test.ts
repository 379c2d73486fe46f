import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Handlers } from '../shared/ipc.ts';
import { CommandHarness } from './commands/test-support/command-harness.ts';
import { exchangeOf, jobOf } from './engine/api/test-support/fake-engine.ts';

const CLI = path.join(import.meta.dirname, 'cli.ts');

describe('cli.ts', () => {
  let harness: CommandHarness | null = null;
  let children: ChildProcessWithoutNullStreams[] = [];

  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    children = [];
    const open = harness;
    harness = null;
    await open?.close();
  });

  async function start(args: readonly string[], handlers: Partial<Handlers> = {}) {
    harness = await CommandHarness.start(handlers);
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { ...process.env, HOLDFAST_HOME: harness.home },
    });
    children.push(child);
    return child;
  }

  async function finish(child: ChildProcessWithoutNullStreams) {
    const ended = once(child, 'close');
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    return { code, signal, out, err };
  }

  it('talks to the engine of HOLDFAST_HOME', async () => {
    const child = await start(['export', '--all'], {
      'exchanges.page': () => Promise.resolve({ items: [exchangeOf({ prompt: 'über 🚢' })], next: null }),
    });

    const { code, out, err } = await finish(child);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ id: 'k1', prompt: 'über 🚢' });
  });

  it('ends quietly when its reader has seen enough', async () => {
    let pages = 0;
    const item = exchangeOf({ prompt: 'x'.repeat(10_000) });
    const child = await start(['export', '--all'], {
      'exchanges.page': ({ after }) => {
        pages += 1;
        return Promise.resolve({ items: Array.from({ length: 50 }, () => item), next: after + 50 });
      },
    });

    child.stdout.once('data', () => child.stdout.destroy());
    const ended = once(child, 'close');
    const err = await text(child.stderr);
    const [code] = (await ended) as [number | null];

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(pages).toBeGreaterThan(0);
  });

  it('cancels the job at Ctrl-C before it leaves', async () => {
    let isCancelled = false;
    const child = await start(['verify'], {
      'jobs.get': () => {
        if (!isCancelled) child.kill('SIGINT');
        return Promise.resolve(jobOf({ kind: 'verify', state: isCancelled ? 'cancelled' : 'running' }));
      },
      'jobs.cancel': () => {
        isCancelled = true;
        return Promise.resolve(jobOf());
      },
    });

    const { code, signal, out, err } = await finish(child);

    expect({ code, signal, out, isCancelled }).toEqual({ code: 130, signal: null, out: '', isCancelled: true });
    expect(err).toContain('Cancelling');
  });

  it('leaves at the second Ctrl-C even if the engine does not listen', async () => {
    const child = await start(['verify'], {
      'jobs.get': () => Promise.resolve(jobOf({ kind: 'verify' })),
      'jobs.cancel': () => {
        child.kill('SIGINT');
        return new Promise(() => undefined);
      },
    });

    child.stderr.once('data', () => child.kill('SIGINT'));
    const { code, signal } = await finish(child);

    expect({ code, signal }).toEqual({ code: 130, signal: null });
  });

  it('gives errors as JSON on standard output when asked, and as a sentence on standard error', async () => {
    const { code, out, err } = await finish(await start(['show', 'nothing', '--json']));

    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({ error: { code: 'NOT_FOUND', message: 'The fake engine holds nothing.' } });
    expect(err).toBe('holdfast: The fake engine holds nothing.\n');
  });
});
