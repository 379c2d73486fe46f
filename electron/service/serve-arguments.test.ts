import { describe, expect, it } from 'vitest';
import { parseServeArguments, UsageError } from './serve-arguments.ts';

describe('parseServeArguments', () => {
  it('leaves the port to the settings and opens the window when nothing is said', () => {
    expect(parseServeArguments([], undefined)).toEqual({ port: null, open: true });
    expect(parseServeArguments(['--headless'], '')).toEqual({ port: null, open: true });
  });

  it('takes any free port for 0', () => {
    expect(parseServeArguments(['--headless', '--port', '0', '--no-open'], undefined)).toEqual({
      port: 0,
      open: false,
    });
  });

  it('prefers the argument to the environment', () => {
    expect(parseServeArguments(['--port=4000'], '5000').port).toBe(4000);
    expect(parseServeArguments([], '5000').port).toBe(5000);
  });

  it.each([['65536'], ['-1'], ['http'], ['1.5'], ['999999']])('refuses %s as a port', (port) => {
    expect(() => parseServeArguments([`--port=${port}`], undefined)).toThrow(UsageError);
  });

  it('refuses what it does not know and says what there is', () => {
    expect(() => parseServeArguments(['--prot', '1'], undefined)).toThrow(/--prot[^]*Usage/);
  });
});
