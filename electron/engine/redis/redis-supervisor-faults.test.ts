import { once } from 'node:events';
import { mkdir, open, readdir, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProcessIdentity } from './process-identity.ts';
import { runCommand } from './run-command.ts';
import type { RedisSupervisor } from './redis-supervisor.ts';
import { writeServerRecord, type ServerRecord } from './server-record.ts';
import { isRunning, killed, localServer, RedisTestBed, untilReady, untilState } from './test-support/redis-test-bed.ts';

const STREAM = 'conversations:autosave';
const ENTRIES = 2000;
const IDENTITY = { platform: process.platform, run: runCommand, env: {} };

const STALE_RECORD: ServerRecord = {
  pid: 2_000_000_000,
  executable: '/nowhere/redis-server',
  startTime: 'before',
  runId: null,
  listen: { kind: 'socket', path: '/nowhere/r.sock' },
  directory: '/nowhere',
  configDigest: '',
};

async function fill(bed: RedisTestBed, supervisor: RedisSupervisor): Promise<void> {
  const connection = await bed.connect(supervisor);
  await connection.pipeline(Array.from({ length: ENTRIES }, (_, n) => ['XADD', STREAM, '*', 'segment', String(n)]));
}

async function length(bed: RedisTestBed, supervisor: RedisSupervisor): Promise<unknown> {
  return (await bed.connect(supervisor)).call('XLEN', STREAM);
}

/** The file of the append-only log that ends so, `.incr.aof` or `.base.rdb`. */
async function logFile(bed: RedisTestBed, ending: string): Promise<string> {
  const directory = path.join(bed.redisDirectory, 'data', 'appendonlydir');
  const name = (await readdir(directory)).find((one) => one.endsWith(ending));
  if (name === undefined) throw new Error(`no file ends with ${ending}`);
  return path.join(directory, name);
}

async function overwrite(file: string, position: number, bytes: Buffer): Promise<void> {
  await using handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, position);
}

/** Somebody else's server. Everybody who connects is told the same. */
async function listenAt(bed: RedisTestBed, socketPath: string, answer: string | null): Promise<Server> {
  await mkdir(path.dirname(socketPath), { recursive: true });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (answer !== null) socket.on('data', () => socket.write(answer));
    bed.onCleanup(() => Promise.resolve(socket.destroy()));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  bed.onCleanup(() => Promise.resolve(server.close()));
  return server;
}

describe('a server that dies or hangs', () => {
  it('is started again when it is killed', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started();
    const { runId } = await untilReady(supervisor);
    const { pid } = await bed.record();

    process.kill(pid, 'SIGKILL');

    const reasons: string[] = [];
    supervisor.onState((state) => 'reason' in state && reasons.push(state.reason));
    await untilReady(supervisor, runId);
    expect(reasons[0]).toBe('Redis was ended by SIGKILL.');
    expect(supervisor.restarts).toBe(1);
    expect((await bed.record()).pid).not.toBe(pid);
  });

  it('loses nothing that was written to its log when it is killed in a burst', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started();
    const { runId } = await untilReady(supervisor);
    await fill(bed, supervisor);
    const connection = await bed.connect(supervisor);
    await connection.call('BGREWRITEAOF');

    process.kill((await bed.record()).pid, 'SIGKILL');

    await untilReady(supervisor, runId);
    await expect(length(bed, supervisor)).resolves.toBe(ENTRIES);
  });

  it('is replaced when it does not answer any more', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started({ timings: { pingTimeoutMs: 100 } });
    const { runId } = await untilReady(supervisor);
    const { pid } = await bed.record();

    process.kill(pid, 'SIGSTOP');

    await untilState(supervisor, (state) => state.kind === 'restarting' && /did not answer 3 times/.test(state.reason));
    await untilReady(supervisor, runId);
    expect(await isRunning(pid)).toBe(false);
    expect(supervisor.restarts).toBe(1);
  });

  it('is left alone when it hangs for a moment only', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started({ timings: { pingTimeoutMs: 2000 } });
    const { runId } = await untilReady(supervisor);
    const { pid } = await bed.record();

    process.kill(pid, 'SIGSTOP');
    const facts = supervisor.facts();
    process.kill(pid, 'SIGCONT');

    await expect(facts).resolves.toMatchObject({ aof: 'ok' });
    expect(supervisor.state).toMatchObject({ kind: 'ready', runId });
    expect(supervisor.restarts).toBe(0);
  });

  it('is ended on a clean stop although it hangs', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started({ timings: { stopGraceMs: 300 } });
    const { pid } = await bed.record();
    process.kill(pid, 'SIGSTOP');

    await supervisor.stop();

    expect(await isRunning(pid)).toBe(false);
  });

  it('is replaced when its socket was deleted', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started();
    const { runId } = await untilReady(supervisor);
    const { pid } = await bed.record();

    await rm(bed.socketPath);

    await untilReady(supervisor, runId);
    expect(await isRunning(pid)).toBe(false);
    await expect(length(bed, supervisor)).resolves.toBe(0);
  });

  it('is given up after several failures, tried on, and ready again when it works', async () => {
    await using bed = await RedisTestBed.create();
    const good = await localServer();
    const broken = path.join(bed.directory, 'redis-server');
    await writeFile(broken, '#!/bin/sh\ncat >/dev/null\necho "1:M 1 Jan 2026 00:00:00.000 # no luck today"\nexit 1\n', {
      mode: 0o755,
    });
    let isBroken = true;
    const supervisor = bed.supervisor({
      find: () => Promise.resolve({ server: isBroken ? { ...good, executable: broken } : good, rejected: [] }),
    });
    const kinds: string[] = [];
    supervisor.onState((state) => kinds.push(state.kind));

    await supervisor.start(new AbortController().signal);
    const failed = await untilState(supervisor, (state) => state.kind === 'failed');

    expect(failed).toEqual({ kind: 'failed', reason: 'Redis ended with code 1: no luck today' });
    expect(kinds).toEqual(['starting', 'restarting', 'restarting', 'restarting', 'restarting', 'failed']);
    isBroken = false;
    await untilReady(supervisor);
  });

  it('is not started again and again on a full disk', async () => {
    await using bed = await RedisTestBed.create();
    const good = await localServer();
    let free = 0;
    const supervisor = bed.supervisor({
      find: () => Promise.resolve({ server: free === 0 ? { ...good, executable: '/bin/false' } : good, rejected: [] }),
      freeBytes: () => Promise.resolve(free),
    });

    await supervisor.start(new AbortController().signal);

    expect(supervisor.state).toEqual({ kind: 'failed', reason: 'The disk is full: Redis cannot run.' });
    free = 1e12;
    await untilReady(supervisor);
  });
});

describe('a folder that cannot be used', () => {
  it('is a failure to tell, and no reason to give up', async () => {
    await using bed = await RedisTestBed.create();
    await writeFile(bed.redisDirectory, 'a file in the way');

    const supervisor = await bed.started();
    await untilState(supervisor, (state) => state.kind === 'failed');

    expect(supervisor.state).toEqual({ kind: 'failed', reason: 'Redis could not be started.' });
    await rm(bed.redisDirectory);
    await untilReady(supervisor);
  });
});

describe('a server left behind by a killed Holdfast', () => {
  it('is adopted with what it holds, and ended on a clean stop', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess());
    const before = await bed.record();
    expect(await isRunning(before.pid)).toBe(true);

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: true, runId: before.runId });
    expect(supervisor.recoveries).toMatchObject([{ kind: 'adopted' }]);
    await supervisor.stop();
    expect(await isRunning(before.pid)).toBe(false);
    await expect(bed.record()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is adopted over the loopback too', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess('tcp'));
    const { pid, runId } = await bed.record();

    const supervisor = await bed.started({ transport: 'tcp' });

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: true, runId });
    await supervisor.stop();
    expect(await isRunning(pid)).toBe(false);
  });

  it('is watched like one of its own', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess());
    const supervisor = await bed.started();
    const { runId } = await untilReady(supervisor);

    process.kill((await bed.record()).pid, 'SIGKILL');

    const state = await untilReady(supervisor, runId);
    expect(state.adopted).toBe(false);
  });

  it('is replaced when it hangs', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess());
    const { pid, runId } = await bed.record();
    process.kill(pid, 'SIGSTOP');

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: false });
    expect((await untilReady(supervisor)).runId).not.toBe(runId);
    expect(supervisor.recoveries).toMatchObject([{ kind: 'replaced' }]);
    expect(await isRunning(pid)).toBe(false);
  });

  it('is replaced when its password is lost', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess());
    const { pid } = await bed.record();
    await rm(path.join(bed.redisDirectory, 'password'));

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: false });
    expect(await isRunning(pid)).toBe(false);
  });

  it('is replaced when it was started with other settings', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess());
    const record = await bed.record();
    await writeServerRecord(path.join(bed.redisDirectory, 'server.json'), {
      ...record,
      configDigest: 'of another time',
    });

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: false });
    expect(supervisor.recoveries).toMatchObject([{ kind: 'replaced' }]);
    expect(await isRunning(record.pid)).toBe(false);
  });

  it('is replaced when Holdfast was killed before it could write the record', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess());
    const { pid } = await bed.record();
    await rm(path.join(bed.redisDirectory, 'server.json'));

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: false });
    expect(supervisor.recoveries).toMatchObject([{ kind: 'replaced' }]);
    expect(await isRunning(pid)).toBe(false);
  });

  it('is no obstacle when it died too: its socket is removed', async () => {
    await using bed = await RedisTestBed.create();
    await killed(await bed.supervisorProcess());
    const { pid } = await bed.record();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isRunning(pid)).toBe(false);
    expect((await stat(bed.socketPath)).isSocket()).toBe(true);

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: false });
  });
});

describe('what is not ours', () => {
  it('is never signalled, although the record names its process', async () => {
    await using bed = await RedisTestBed.create();
    const sleeper = bed.spawn('sleep', ['600']);
    const { pid } = sleeper;
    if (pid === undefined) throw new Error('sleep did not start');
    const identity = await readProcessIdentity(pid, IDENTITY);
    if (identity === null) throw new Error('sleep is not to be seen');
    await mkdir(bed.redisDirectory);
    const file = path.join(bed.redisDirectory, 'server.json');

    await writeServerRecord(file, { ...STALE_RECORD, pid, executable: identity.executable });
    await (await bed.started()).stop();
    await writeServerRecord(file, { ...STALE_RECORD, pid, startTime: identity.startTime });
    await (await bed.started()).stop();

    expect(sleeper.exitCode).toBeNull();
    expect(sleeper.signalCode).toBeNull();
    expect(await isRunning(pid)).toBe(true);
  });

  it.each([
    ['refuses', '-NOAUTH Authentication required.\r\n'],
    ['is no Redis', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['says nothing', null],
  ])('keeps its socket when it %s; ours goes beside it', async (_, answer) => {
    await using bed = await RedisTestBed.create();
    const stranger = await listenAt(bed, bed.socketPath, answer);

    const supervisor = await bed.started({ timings: { pingTimeoutMs: 200 } });

    const state = await untilReady(supervisor);
    expect(state.endpoint).toMatchObject({ path: path.join(path.dirname(bed.socketPath), 'r-2.sock') });
    expect(supervisor.recoveries).toMatchObject([{ kind: 'avoided' }]);
    expect(stranger.listening).toBe(true);
    expect((await stat(bed.socketPath)).isSocket()).toBe(true);
  });

  it('keeps its socket when it is a Redis with another directory', async () => {
    await using bed = await RedisTestBed.create();
    const { executable } = await localServer();
    const directory = path.join(bed.directory, 'theirs');
    await mkdir(directory);
    await mkdir(path.dirname(bed.socketPath), { recursive: true });
    const theirs = bed.spawn(executable, ['-'], `port 0\nunixsocket ${bed.socketPath}\ndir ${directory}\nsave ""\n`);
    await expect.poll(() => stat(bed.socketPath).catch(() => null)).not.toBeNull();

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', adopted: false });
    expect(theirs.exitCode).toBeNull();
    expect(supervisor.recoveries).toMatchObject([{ kind: 'avoided' }]);
  });

  it('does not stop us when it is a file where the socket belongs', async () => {
    await using bed = await RedisTestBed.create();
    await mkdir(path.dirname(bed.socketPath), { recursive: true });
    await writeFile(bed.socketPath, '');

    const supervisor = await bed.started();

    expect(supervisor.state.kind).toBe('ready');
    expect((await stat(bed.socketPath)).isSocket()).toBe(true);
  });
});

describe('the files of the server', () => {
  it('lose their torn end and nothing else', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    await first.stop();
    const file = await logFile(bed, '.incr.aof');
    await truncate(file, (await stat(file)).size - 7);

    const second = await bed.started();

    await expect(length(bed, second)).resolves.toBe(ENTRIES - 1);
    expect(second.recoveries).toEqual([]);
  });

  it('are moved aside when there is garbage in the middle, and the queue starts empty', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    await first.stop();
    const file = await logFile(bed, '.incr.aof');
    await overwrite(file, Math.floor((await stat(file)).size / 2), Buffer.alloc(64, 'x'));

    const second = await bed.started();

    expect(second.state.kind).toBe('ready');
    await expect(length(bed, second)).resolves.toBe(0);
    expect(second.recoveries).toMatchObject([{ kind: 'quarantined' }]);
    const kept = second.recoveries[0]?.path ?? '';
    expect(path.basename(kept)).toMatch(/^quarantine-\d{4}-\d\d-\d\dT[\d-]+Z$/);
    expect(await readdir(path.join(kept, 'appendonlydir'))).toContain(path.basename(file));
  });

  it('are moved aside when the snapshot in them is damaged', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    const connection = await bed.connect(first);
    await connection.call('BGREWRITEAOF');
    await expect
      .poll(async () => String(await connection.call('INFO', 'persistence')), { timeout: 10_000 })
      .toMatch(/aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/);
    await first.stop();
    const file = await logFile(bed, '.base.rdb');
    await overwrite(file, Math.floor((await stat(file)).size / 2), Buffer.alloc(64, 'x'));

    const second = await bed.started();

    expect(second.state.kind).toBe('ready');
    expect(second.recoveries).toMatchObject([{ kind: 'quarantined' }]);
  });

  it('are moved aside when their manifest is missing, before they are overwritten', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    await first.stop();
    const incremental = await logFile(bed, '.incr.aof');
    const { size } = await stat(incremental);
    await rm(await logFile(bed, '.manifest'));

    const second = await bed.started();

    await expect(length(bed, second)).resolves.toBe(0);
    expect(second.recoveries).toMatchObject([{ kind: 'quarantined' }]);
    const kept = path.join(second.recoveries[0]?.path ?? '', 'appendonlydir', path.basename(incremental));
    expect((await stat(kept)).size).toBe(size);
  });

  it('are moved aside when a file that the manifest names is missing', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    await first.stop();
    await rm(await logFile(bed, '.incr.aof'));

    const second = await bed.started();

    expect(second.state.kind).toBe('ready');
    await expect(length(bed, second)).resolves.toBe(0);
  });

  it('are made again when the whole folder is gone', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    await first.stop();
    await rm(path.join(bed.redisDirectory, 'data'), { recursive: true });

    const second = await bed.started();

    await expect(length(bed, second)).resolves.toBe(0);
  });

  it('are suspected when the server ends without a word again and again', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    await first.stop();
    const good = await localServer();
    const picky = path.join(bed.directory, 'redis-server');
    const script = `#!/bin/sh\n[ -e appendonlydir/*.manifest ] && exit 1\nexec ${good.executable} "$@"\n`;
    await writeFile(picky, script, { mode: 0o755 });

    const second = await bed.started({
      find: () => Promise.resolve({ server: { ...good, executable: picky }, rejected: [] }),
    });
    await untilReady(second);

    expect(second.recoveries).toMatchObject([{ kind: 'quarantined' }]);
  });

  it('may be a link to another disk', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await fill(bed, first);
    await first.stop();
    const elsewhere = path.join(bed.directory, 'another-disk');
    await rename(path.join(bed.redisDirectory, 'data'), elsewhere);
    await symlink(elsewhere, path.join(bed.redisDirectory, 'data'));

    const second = await bed.started();

    await expect(length(bed, second)).resolves.toBe(ENTRIES);
  });
});
