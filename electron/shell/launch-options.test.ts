import { describe, expect, it } from 'vitest';
import { readLaunchOptions } from './launch-options.ts';

describe('readLaunchOptions', () => {
  it('starts with tray and window, on the port of the settings', () => {
    expect(readLaunchOptions(['--no-sandbox', '.'], undefined)).toEqual({ headless: false, hidden: false, port: null });
  });

  it('reads its own switches between those of Chromium', () => {
    const args = ['--inspect=0', '.', '--headless', '--hidden', '--port', '0', '--no-open'];

    expect(readLaunchOptions(args, '5000')).toEqual({ headless: true, hidden: true, port: 0 });
  });

  it('prefers the last switch to the first, and any to the environment', () => {
    expect(readLaunchOptions(['--port=4000', '--port=4001'], '5000').port).toBe(4001);
    expect(readLaunchOptions([], '5000').port).toBe(5000);
    expect(readLaunchOptions([], '').port).toBeNull();
  });

  it.each([['--port=65536'], ['--port=-1'], ['--port=http'], ['--port']])('refuses %s', (arg) => {
    expect(() => readLaunchOptions([arg], undefined)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
