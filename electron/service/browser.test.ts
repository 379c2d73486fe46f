import { describe, expect, it } from 'vitest';
import { browserCommand, isAttended } from './browser.ts';

describe('isAttended', () => {
  it('is true at a terminal of a desktop', () => {
    expect(isAttended({ platform: 'linux', env: { DISPLAY: ':0' }, isTerminal: true })).toBe(true);
    expect(isAttended({ platform: 'linux', env: { WAYLAND_DISPLAY: 'wayland-0' }, isTerminal: true })).toBe(true);
    expect(isAttended({ platform: 'darwin', env: {}, isTerminal: true })).toBe(true);
    expect(isAttended({ platform: 'win32', env: {}, isTerminal: true })).toBe(true);
  });

  it('is false without a terminal, without a display, over ssh and in continuous integration', () => {
    expect(isAttended({ platform: 'linux', env: { DISPLAY: ':0' }, isTerminal: false })).toBe(false);
    expect(isAttended({ platform: 'linux', env: { DISPLAY: '' }, isTerminal: true })).toBe(false);
    expect(isAttended({ platform: 'darwin', env: { SSH_CONNECTION: '1 2 3 4' }, isTerminal: true })).toBe(false);
    expect(isAttended({ platform: 'win32', env: { CI: 'true' }, isTerminal: true })).toBe(false);
  });
});

describe('browserCommand', () => {
  it('hands the whole address over as one argument on every platform', () => {
    const url = 'http://127.0.0.1:1/?a=1&b=2#token';

    expect(browserCommand('linux', url)).toEqual(['xdg-open', url]);
    expect(browserCommand('darwin', url)).toEqual(['open', url]);
    expect(browserCommand('win32', url).at(-1)).toBe(url);
  });
});
