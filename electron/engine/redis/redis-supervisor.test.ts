import { once } from 'node:events';
import { lstat, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectRedis } from './redis-client.ts';
import { describeEndpoint } from './redis-endpoint.ts';
import { isRunning, localServer, RedisTestBed, untilReady, untilState } from './test-support/redis-test-bed.ts';

const STREAM = 'conversations:autosave';

/** Inodes of the TCP sockets of this machine that listen (state 0A), from the system's table. */
async function listeningInodes(): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')));
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  return new Set(rows.filter((row) => row[3] === '0A').map((row) => row[9] ?? ''));
}

async function socketInodes(pid: number): Promise<readonly string[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`)));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

describe('RedisSupervisor', () => {
  it('starts a server and tells where it is', async () => {
    await using bed = await RedisTestBed.create();
    const found = await localServer();

    const supervisor = await bed.started();

    expect(supervisor.state).toMatchObject({ kind: 'ready', origin: found.origin, adopted: false });
    expect(supervisor.restarts).toBe(0);
    expect(supervisor.recoveries).toEqual([]);
    const connection = await bed.connect(supervisor);
    await expect(connection.call('PING')).resolves.toBe('PONG');
  });

  it('sets the limits and the log that the queue relies on', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started();
    const connection = await bed.connect(supervisor);

    const settings = ['maxmemory', 'maxmemory-policy', 'appendonly', 'appendfsync', 'save', 'dir', 'port'];
    const replies = await connection.pipeline(settings.map((name) => ['CONFIG', 'GET', name]));

    expect(Object.fromEntries(replies.map((reply) => (Array.isArray(reply) ? reply : [])))).toEqual({
      maxmemory: String(256 * 1024 * 1024),
      'maxmemory-policy': 'noeviction',
      appendonly: 'yes',
      appendfsync: 'everysec',
      save: '',
      dir: path.join(bed.redisDirectory, 'data'),
      port: '0',
    });
  });

  it('tells what the server says of itself', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started();
    const { version } = await untilReady(supervisor);

    const facts = await supervisor.facts();

    expect(facts).toMatchObject({ version, aof: 'ok', evictionPolicy: 'noeviction', lastSaveAt: null });
    expect(facts.memoryBytes).toBeGreaterThan(100_000);
  });

  it.each([
    ['FLUSHALL', 'ASYNC'],
    ['FLUSHDB', 'ASYNC'],
    ['KEYS', '*'],
    ['CONFIG', 'SET', 'maxmemory', '1'],
    ['EVAL', 'return 1', '0'],
    ['MODULE', 'LIST'],
    ['REPLICAOF', 'NO', 'ONE'],
    ['ACL', 'LIST'],
    ['SET', `${STREAM}:x`, '1'],
    ['XADD', 'somebody-elses', '*', 'a', 'b'],
  ])('does not let the application use %s %s', async (command, ...args) => {
    await using bed = await RedisTestBed.create();
    const connection = await bed.connect(await bed.started());

    await expect(connection.call(command, ...args)).rejects.toMatchObject({
      code: 'STREAM_UNAVAILABLE',
      retryable: false,
      context: { replyCode: 'NOPERM' },
    });
  });

  it('lets nobody in without the password', async () => {
    await using bed = await RedisTestBed.create();
    const { endpoint } = await untilReady(await bed.started());

    const stranger = await connectRedis({ ...endpoint, username: null, password: null }, { name: 'stranger' });
    const answer = stranger.call('PING');

    await expect(answer).rejects.toMatchObject({ context: { replyCode: 'NOAUTH' } });
    await stranger.close();
    await expect(connectRedis({ ...endpoint, password: 'wrong' }, { name: 'stranger' })).rejects.toMatchObject({
      context: { replyCode: 'WRONGPASS' },
    });
  });

  it.runIf(process.platform !== 'win32')('keeps its socket, password and files to the user', async () => {
    await using bed = await RedisTestBed.create();
    const { endpoint } = await untilReady(await bed.started());
    const modeOf = async (...parts: string[]): Promise<number> =>
      (await lstat(path.join(bed.redisDirectory, ...parts))).mode & 0o777;

    expect(describeEndpoint(endpoint)).toBe(bed.socketPath);
    expect(await modeOf('run')).toBe(0o700);
    expect(await modeOf('data')).toBe(0o700);
    expect(await modeOf('run', 'r.sock')).toBe(0o700);
    expect(await modeOf('password')).toBe(0o600);
    expect(await modeOf('server.json')).toBe(0o600);
  });

  it.runIf(process.platform === 'linux')('opens no TCP port', async () => {
    await using bed = await RedisTestBed.create();
    await bed.started();
    const { pid } = await bed.record();

    const [sockets, listening] = [await socketInodes(pid), await listeningInodes()];

    expect(sockets.length).toBeGreaterThan(0);
    expect(sockets.filter((inode) => listening.has(inode))).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('gives the server neither secrets nor our environment to show', async () => {
    await using bed = await RedisTestBed.create();
    const { endpoint } = await untilReady(await bed.started());
    const { pid } = await bed.record();

    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter((part) => part !== '');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');

    expect(commandLine.slice(1)).toEqual(['-']);
    expect(endpoint.password).toMatch(/^[\w-]{43}$/);
    expect(environment).not.toContain(endpoint.password);
    expect(environment).not.toContain('PATH=/');
  });

  it('works over the loopback where there are no sockets', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started({ transport: 'tcp' });
    const { endpoint } = await untilReady(supervisor);

    const connection = await bed.connect(supervisor);
    const stranger = await connectRedis({ ...endpoint, username: null, password: null }, { name: 'stranger' });

    expect(endpoint).toMatchObject({ kind: 'tcp', host: '127.0.0.1' });
    await expect(connection.call('XADD', STREAM, '*', 'a', 'b')).resolves.toMatch(/^\d+-\d+$/);
    await expect(stranger.call('XLEN', STREAM)).rejects.toMatchObject({ context: { replyCode: 'NOAUTH' } });
    await stranger.close();
  });

  it('leaves no process behind when it stops, and keeps the queue for the next start', async () => {
    await using bed = await RedisTestBed.create();
    const first = await bed.started();
    await (await bed.connect(first)).call('XADD', STREAM, '*', 'segment', '1');
    const { pid } = await bed.record();

    await first.stop();

    expect(first.state).toEqual({ kind: 'stopped' });
    expect(await isRunning(pid)).toBe(false);
    await expect(bed.record()).rejects.toMatchObject({ code: 'ENOENT' });
    const second = await bed.started();
    await expect((await bed.connect(second)).call('XLEN', STREAM)).resolves.toBe(1);
    expect(second.state).toMatchObject({ kind: 'ready', adopted: false });
    expect(second.recoveries).toEqual([]);
  });

  it('can be stopped twice, and before it was ever started', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = bed.supervisor();

    await supervisor.stop();
    await supervisor.stop();

    expect(supervisor.state).toEqual({ kind: 'stopped' });
  });

  it('ends a server that is just being started', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = bed.supervisor();
    const starting = supervisor.start(new AbortController().signal);
    const { pid } = await expect
      .poll(() => bed.record().catch(() => null))
      .not.toBeNull()
      .then(() => bed.record());

    await supervisor.stop();
    await starting;

    expect(await isRunning(pid)).toBe(false);
    expect(supervisor.state).toEqual({ kind: 'stopped' });
  });

  it('rejects and leaves nothing running when the start is aborted', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = bed.supervisor();
    const aborting = new AbortController();
    const starting = supervisor.start(aborting.signal);

    aborting.abort();

    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
    expect(supervisor.state).toEqual({ kind: 'stopped' });
    await expect(bed.record()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says that there is no Redis, and finds one that is installed later', async () => {
    await using bed = await RedisTestBed.create();
    const rejected = [{ path: '/opt/redis-server', reason: 'redis 5.0.14 is too old: 6.2 or newer is needed.' }];
    let isInstalled = false;
    const server = await localServer();
    const find = () => Promise.resolve(isInstalled ? { server, rejected: [] } : { server: null, rejected });

    const supervisor = await bed.started({ find });

    expect(supervisor.state).toEqual({
      kind: 'missing',
      reason: 'There is no Redis on this machine. redis 5.0.14 is too old: 6.2 or newer is needed.',
    });
    isInstalled = true;
    await untilReady(supervisor);
  });

  it.runIf(process.platform !== 'win32')('puts the socket elsewhere when the data folder has a long path', async () => {
    await using bed = await RedisTestBed.create();
    const directory = path.join(bed.directory, 'a-folder-with-a-rather-long-name'.repeat(3), 'redis');

    const supervisor = await bed.started({ directory });
    const { endpoint } = await untilReady(supervisor);

    const socket = describeEndpoint(endpoint);
    bed.onCleanup(() => rm(path.dirname(socket), { recursive: true }));
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(100);
    expect((await lstat(path.dirname(socket))).mode & 0o777).toBe(0o700);
    await expect((await bed.connect(supervisor)).call('PING')).resolves.toBe('PONG');
  });

  it.runIf(process.platform !== 'win32')('puts the socket elsewhere when the disk has no sockets', async () => {
    await using bed = await RedisTestBed.create();
    const server = await localServer();
    const executable = path.join(bed.directory, 'redis-server');
    const refusal =
      'echo "1:M 1 Jan 2026 00:00:00.000 # Failed opening Unix socket: bind: Operation not supported"; exit 1';
    const script = [
      '#!/bin/sh',
      'config=$(cat)',
      `case "$config" in *${bed.socketPath}*) ${refusal};; esac`,
      `printf '%s\\n' "$config" | ${server.executable} -`,
    ];
    await writeFile(executable, `${script.join('\n')}\n`, { mode: 0o755 });

    const supervisor = await bed.started({
      temporaryDirectory: bed.directory,
      find: () => Promise.resolve({ server: { ...server, executable }, rejected: [] }),
    });

    const { endpoint } = await untilReady(supervisor);
    expect(path.dirname(path.dirname(describeEndpoint(endpoint)))).toBe(bed.directory);
    expect(supervisor.recoveries).toEqual([]);
  });

  it('does not end, change or adopt a server that a person named', async () => {
    await using bed = await RedisTestBed.create();
    const theirs = await bed.started({ transport: 'tcp' });
    const { endpoint, runId } = await untilReady(theirs);
    const { pid } = await bed.record();
    const ours = await bed.started({
      directory: path.join(bed.directory, 'ours'),
      find: () => Promise.resolve({ server: { origin: 'url', endpoint }, rejected: [] }),
    });

    expect(ours.state).toMatchObject({ kind: 'ready', origin: 'url', adopted: false, runId });
    await ours.stop();

    expect(await isRunning(pid)).toBe(true);
    await expect(readdir(path.join(bed.directory, 'ours'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('notices that a server that a person named is gone', async () => {
    await using bed = await RedisTestBed.create();
    const theirs = await bed.started();
    const { endpoint } = await untilReady(theirs);
    const ours = await bed.started({
      find: () => Promise.resolve({ server: { origin: 'url', endpoint }, rejected: [] }),
    });
    expect(ours.state.kind).toBe('ready');

    await theirs.stop();

    await untilState(ours, (state) => state.kind === 'restarting');
    await untilState(ours, (state) => state.kind === 'failed');
  });

  it('says that a server that a person named is too old', async () => {
    await using bed = await RedisTestBed.create();
    const old = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('$22\r\nredis_version:5.0.14\r\n\r\n'));
    });
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    const address = old.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const endpoint = {
      kind: 'tcp',
      host: '127.0.0.1',
      port,
      tls: false,
      username: null,
      password: null,
      database: 0,
    } as const;

    const supervisor = await bed.started({
      find: () => Promise.resolve({ server: { origin: 'url', endpoint }, rejected: [] }),
    });

    expect(supervisor.state).toEqual({
      kind: 'failed',
      reason: `The Redis at redis://127.0.0.1:${port} is version 5.0.14; 6.2 or newer is needed.`,
    });
    await supervisor.stop();
    old.close();
  });
});
