import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { helloProof } from '../core/hello-proof.ts';
import { ensureApiToken } from './api-token.ts';
import { dataPaths } from './data-paths.ts';
import { readRunningEngine, removeEngineRecord, writeEngineRecord } from './engine-record.ts';

describe('engine record', () => {
  let home = '';
  let token = '';
  let server: Server | null = null;
  let requests: string[] = [];

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'holdfast-record-'));
    token = await ensureApiToken(dataPaths(home).apiToken);
    requests = [];
  });
  afterEach(async () => {
    const open = server;
    server = null;
    if (open !== null) {
      open.closeAllConnections();
      await new Promise((resolve) => open.close(resolve));
    }
    await rm(home, { recursive: true, force: true });
  });

  async function serve(listener: RequestListener): Promise<number> {
    const listening = createServer((request, response) => {
      requests.push(`${request.url ?? ''} ${JSON.stringify(request.headers)}`);
      listener(request, response);
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const address = listening.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  const proofOf = (url: string, secret: string) =>
    JSON.stringify({ proof: helloProof(secret, new URL(url, 'http://x').searchParams.get('nonce') ?? '') });

  async function record(port: number, pid: number = process.pid): Promise<void> {
    const apiUrl = `http://127.0.0.1:${String(port)}`;
    await writeEngineRecord(home, { pid, apiUrl, windowUrl: `${apiUrl}/#token=x`, startedAt: 1, version: '0.1.0' });
  }

  it('finds an engine that proves that it knows the token, which is never sent for it', async () => {
    const port = await serve((request, response) => response.end(proofOf(request.url ?? '', token)));
    await record(port);

    const running = await readRunningEngine(home);

    expect(running).toMatchObject({ token, record: { pid: process.pid, version: '0.1.0' } });
    expect(requests.join()).not.toContain(token);
    const bits = (await stat(dataPaths(home).engineRecord)).mode & 0o777;
    expect(process.platform === 'win32' || bits === 0o600).toBe(true);
  });

  it('finds none without a record', async () => {
    expect(await readRunningEngine(home)).toBeNull();
  });

  it('finds none where the data folder is none', async () => {
    const file = path.join(home, 'file');
    await writeFile(file, '');

    expect(await readRunningEngine(file)).toBeNull();
    expect(await readRunningEngine(path.join(home, 'missing'))).toBeNull();
  });

  it('finds none when the record is half written', async () => {
    await writeFile(dataPaths(home).engineRecord, '{"pid": 12');

    expect(await readRunningEngine(home)).toBeNull();
  });

  it('finds none when nobody listens any more', async () => {
    const port = await serve((_request, response) => response.end());
    await new Promise((resolve) => server?.close(resolve));
    server = null;
    await record(port);

    expect(await readRunningEngine(home)).toBeNull();
  });

  it('finds none when another program has taken the port', async () => {
    const port = await serve((request, response) => response.end(proofOf(request.url ?? '', 'another token')));
    await record(port);

    expect(await readRunningEngine(home)).toBeNull();
  });

  it('gives up on an engine that does not answer in time', async () => {
    const port = await serve(() => undefined);
    await record(port);

    expect(await readRunningEngine(home, 50)).toBeNull();
    expect(requests).toHaveLength(1);
  });

  it('removes its own record and leaves the one of a successor', async () => {
    await record(1, process.pid);
    await removeEngineRecord(home, process.pid);
    await removeEngineRecord(home, process.pid);
    expect(await readdir(home)).toEqual(['api-token']);

    await record(1, process.pid + 1);
    await removeEngineRecord(home, process.pid);
    expect((await readdir(home)).toSorted()).toEqual(['api-token', 'engine.json']);
  });
});
