import { describe, expect, it } from 'vitest';
import { installCommand, missingOf, namesToInstall, parseAvailable, parseInstalled } from './system-packages.ts';

const wanted = [['chromium'], ['libgtk-3-0', 'libgtk-3-0t64']] as const;

describe('missingOf', () => {
  it('is content with either name of a package', () => {
    expect(missingOf(wanted, new Set(['chromium', 'libgtk-3-0t64']))).toEqual([]);
    expect(missingOf(wanted, new Set(['libgtk-3-0']))).toEqual([['chromium']]);
  });
});

describe('namesToInstall', () => {
  it('takes the name that this release knows, else the usual one', () => {
    expect(namesToInstall(wanted, new Set(['libgtk-3-0t64']))).toEqual(['chromium', 'libgtk-3-0t64']);
    expect(namesToInstall(wanted, new Set())).toEqual(['chromium', 'libgtk-3-0']);
  });
});

describe('parseInstalled', () => {
  it('leaves out what was removed or only half installed', () => {
    const output = 'chromium ii \nxvfb rc \nxauth un \nopenbox iF \n';

    expect([...parseInstalled(output)]).toEqual(['chromium']);
  });
});

describe('parseAvailable', () => {
  it('reads the names and nothing else', () => {
    expect([...parseAvailable('Package: xvfb\nVersion: 1\nDescription: Package: no\n\nPackage: xauth\n')]).toEqual([
      'xvfb',
      'xauth',
    ]);
  });
});

describe('installCommand', () => {
  it('is one line to paste', () => {
    expect(installCommand(['xvfb', 'xauth'])).toMatch(/^sudo apt-get update && sudo apt-get install .* xvfb xauth$/);
  });
});
