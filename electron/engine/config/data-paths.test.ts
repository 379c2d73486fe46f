import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataPaths, defaultHome } from './data-paths.ts';

describe('defaultHome', () => {
  it('follows the XDG folder on Linux', () => {
    expect(defaultHome('linux', {}, '/home/ana')).toBe('/home/ana/.local/share/holdfast');
    expect(defaultHome('linux', { XDG_DATA_HOME: '/data/ana' }, '/home/ana')).toBe('/data/ana/holdfast');
  });

  it('ignores an XDG folder that is relative or empty', () => {
    expect(defaultHome('linux', { XDG_DATA_HOME: 'data' }, '/home/ana')).toBe('/home/ana/.local/share/holdfast');
    expect(defaultHome('linux', { XDG_DATA_HOME: '' }, '/home/ana')).toBe('/home/ana/.local/share/holdfast');
  });

  it('is in the library of the person on macOS', () => {
    expect(defaultHome('darwin', { XDG_DATA_HOME: '/data' }, '/Users/ana')).toBe(
      '/Users/ana/Library/Application Support/Holdfast',
    );
  });

  it('is in the roaming application data on Windows', () => {
    const appData = 'C:\\Users\\ana\\AppData\\Roaming';

    expect(defaultHome('win32', { APPDATA: 'D:\\roam' }, 'C:\\Users\\ana')).toBe('D:\\roam\\Holdfast');
    expect(defaultHome('win32', {}, 'C:\\Users\\ana')).toBe(`${appData}\\Holdfast`);
  });

  it('is what HOLDFAST_HOME says, on every platform', () => {
    expect(defaultHome('linux', { HOLDFAST_HOME: '/srv/holdfast' }, '/home/ana')).toBe('/srv/holdfast');
    expect(defaultHome('darwin', { HOLDFAST_HOME: 'kept/here' }, '/Users/ana')).toBe('/Users/ana/kept/here');
    expect(defaultHome('win32', { HOLDFAST_HOME: 'E:\\kept' }, 'C:\\Users\\ana')).toBe('E:\\kept');
    expect(defaultHome('linux', { HOLDFAST_HOME: '' }, '/home/ana')).toBe('/home/ana/.local/share/holdfast');
  });
});

describe('dataPaths', () => {
  it('keeps everything inside the data folder', () => {
    const home = path.resolve('/srv/holdfast');

    const { home: root, ...others } = dataPaths(home);

    expect(root).toBe(home);
    for (const file of Object.values(others)) expect(path.dirname(file)).toBe(home);
    expect(new Set(Object.values(others)).size).toBe(Object.values(others).length);
  });
});
