import { describe, expect, it } from 'vitest';
import { parseStartArguments } from './start-arguments.ts';

describe('parseStartArguments', () => {
  it('starts with a tray unless told otherwise', () => {
    expect(parseStartArguments([])).toEqual({ headless: false, help: false, passed: [] });
  });

  it('hands everything on to the program', () => {
    const args = ['--headless', '--port', '0', '--no-open'];

    expect(parseStartArguments(args)).toEqual({ headless: true, help: false, passed: args });
  });
});
