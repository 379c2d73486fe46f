import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTENT_SECURITY_POLICY, resolveBundleFile, serveBundle } from './protocol.ts';

const ROOT = '/opt/holdfast/renderer';
const resolve = (url: string, method = 'GET') => resolveBundleFile(ROOT, { method, url }, path.posix);

describe('resolveBundleFile', () => {
  it('finds files below the renderer folder, and the page for the root', () => {
    expect(resolve('app://bundle/')).toMatchObject({ kind: 'file', file: `${ROOT}/index.html` });
    expect(resolve('app://bundle/assets/a.js?v=1#x')).toEqual({
      kind: 'file',
      file: `${ROOT}/assets/a.js`,
      contentType: 'text/javascript; charset=utf-8',
    });
  });

  it.each([
    ['app://bundle/..%2f..%2fsecret.html'],
    ['app://bundle/assets/..%5c..%5csecret.html'],
    ['app://bundle/a%00.html'],
    ['app://bundle/c:/windows/a.html'],
    ['app://bundle/a.html:stream.js'],
    ['app://bundle/%E0%A4%A.html'],
    ['app://user:pass@bundle/index.html'],
  ])('refuses %s', (url) => {
    expect(resolve(url)).toEqual({ kind: 'refused', status: 403 });
  });

  it('takes steps upwards that the address itself resolves as the root', () => {
    expect(resolve('app://bundle/%2e%2e/../secret.html')).toMatchObject({ kind: 'file', file: `${ROOT}/secret.html` });
  });

  it('refuses other hosts, schemes, methods and kinds of files', () => {
    expect(resolve('app://other/index.html')).toEqual({ kind: 'refused', status: 404 });
    expect(resolve('app://bundle:80/index.html')).toEqual({ kind: 'refused', status: 404 });
    expect(resolve('file:///index.html')).toEqual({ kind: 'refused', status: 404 });
    expect(resolve('app://bundle/index.html', 'POST')).toEqual({ kind: 'refused', status: 405 });
    expect(resolve('app://bundle/index.js.map')).toEqual({ kind: 'refused', status: 404 });
    expect(resolve('nonsense')).toEqual({ kind: 'refused', status: 400 });
  });

  it('stays below the renderer folder whatever is asked, with the path rules of either family', () => {
    const piece = fc.constantFrom('..', '.', '%2e%2e', '%2f', '\\', '%5c', 'a', '/', '//', ':', '%00', 'c:', '.html');
    const roots = [
      { root: ROOT, paths: path.posix },
      { root: 'C:\\holdfast\\renderer', paths: path.win32 },
    ];
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom(...roots), (pieces, { root, paths }) => {
        const url = `app://bundle/${pieces.join('')}.html`;

        const target = resolveBundleFile(root, { method: 'GET', url }, paths);

        const way = target.kind === 'refused' ? 'refused' : paths.relative(root, target.file);
        expect(way.split(paths.sep)).not.toContain('..');
        expect(paths.isAbsolute(way)).toBe(false);
      }),
    );
  });
});

describe('serveBundle', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'holdfast-bundle-'));
    await mkdir(path.join(directory, 'folder.html'));
    await writeFile(path.join(directory, 'index.html'), '<p>page</p>');
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('sends a file with the policy and its type', async () => {
    const response = await serveBundle(directory, new Request('app://bundle/index.html'));

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('<p>page</p>');
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  it('answers "not found" for what is not there and for a folder', async () => {
    expect((await serveBundle(directory, new Request('app://bundle/none.js'))).status).toBe(404);
    expect((await serveBundle(directory, new Request('app://bundle/folder.html'))).status).toBe(404);
  });
});

describe('CONTENT_SECURITY_POLICY', () => {
  it('allows our own files only, and no connection at all', () => {
    expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'");
    expect(CONTENT_SECURITY_POLICY).toContain("connect-src 'none'");
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|https?:/);
  });
});
