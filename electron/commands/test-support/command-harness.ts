import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { Handlers } from '../../../shared/ipc.ts';
import { ApiServer } from '../../engine/api/api-server.ts';
import { FakeEngine } from '../../engine/api/test-support/fake-engine.ts';
import { ensureApiToken } from '../../engine/config/api-token.ts';
import { dataPaths } from '../../engine/config/data-paths.ts';
import { removeEngineRecord, writeEngineRecord } from '../../engine/config/engine-record.ts';
import type { EngineOptions } from '../../engine/contract.ts';
import { systemClock } from '../../engine/core/clock.ts';
import { silentLogger } from '../../engine/core/logger.ts';
import type { CommandContext } from '../command-context.ts';
import { Output } from '../output.ts';
import { runProgram } from '../program.ts';

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A data folder with a real API on a real socket, whose engine answers what a test says. */
export class CommandHarness {
  readonly home: string;
  readonly #server: ApiServer;

  private constructor(home: string, server: ApiServer) {
    this.home = home;
    this.#server = server;
  }

  static async start(handlers: Partial<Handlers> = {}): Promise<CommandHarness> {
    const home = await mkdtemp(path.join(tmpdir(), 'holdfast-command-'));
    const token = await ensureApiToken(dataPaths(home).apiToken);
    const server = new ApiServer({
      engine: new FakeEngine(handlers),
      token,
      port: 0,
      rendererDirectory: null,
      version: '0.1.0',
      clock: systemClock,
      logger: silentLogger,
    });
    await server.start(AbortSignal.timeout(10_000));
    const apiUrl = server.url ?? '';
    await writeEngineRecord(home, { pid: process.pid, apiUrl, windowUrl: null, startedAt: 1, version: '0.1.0' });
    return new CommandHarness(home, server);
  }

  get engine(): EngineOptions {
    return engineOptions(this.home);
  }

  /** Runs a command line in this process. */
  async run(args: readonly string[], changes: Partial<CommandContext> = {}): Promise<Finished> {
    const out = collector();
    const err = collector();
    const code = await runProgram(args, { ...contextFor(this.home, out.output, err.output), ...changes });
    return { code, out: out.text(), err: err.text() };
  }

  /** The engine goes away in good order; the data folder stays. */
  async stopEngine(): Promise<void> {
    await removeEngineRecord(this.home, process.pid);
    await this.#server.stop();
  }

  async close(): Promise<void> {
    await this.#server.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

function collector(): { readonly output: Output; readonly text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { output: new Output(stream), text: () => Buffer.concat(chunks).toString() };
}

function engineOptions(home: string): EngineOptions {
  return {
    home,
    version: '0.1.0',
    platform: process.platform,
    arch: process.arch,
    userHome: home,
    env: {},
    resourcesDirectory: home,
    rendererDirectory: null,
    port: null,
    mode: 'command',
    desktop: null,
    sqliteBinding: null,
  };
}

function contextFor(home: string, out: Output, err: Output): CommandContext {
  const never = new AbortController().signal;
  return {
    engine: engineOptions(home),
    workingDirectory: home,
    out,
    err,
    clock: systemClock,
    interrupted: () => never,
    ask: null,
    runHeadless: () => Promise.resolve(0),
    runDesktop: () => Promise.resolve(null),
  };
}
