import { describe, expect, it, vi } from 'vitest';
import { runWatched } from './watched-run.ts';

const options = { title: 'the test program', mostMinutes: 1 };

const FOREVER = 'setInterval(() => {}, 1000)';
const START_INNER = `require('node:child_process').spawn(process.execPath, ['-e', '${FOREVER}'], { stdio: 'inherit' })`;

describe('runWatched', () => {
  it('reports the exit code and hands over the output', async () => {
    let output = '';
    const onOutput = (text: string): void => {
      output += text;
    };

    const code = await runWatched(process.execPath, ['-e', 'console.log("é".repeat(3)); process.exit(7)'], {
      ...options,
      onOutput,
    });

    expect(code).toBe(7);
    expect(output).toBe('ééé\n');
  });

  it('says 127 when the program is not there', async () => {
    vi.spyOn(console, 'error').mockReturnValue();

    expect(await runWatched('/nowhere/program', [], options)).toBe(127);
  });

  it('ends a program that takes too long, with everything it has started', async () => {
    vi.spyOn(console, 'error').mockReturnValue();

    // It resolves when nobody holds its pipes any more, so coming back at all means that the inner one is gone.
    const code = await runWatched(process.execPath, ['-e', `${START_INNER}; ${FOREVER}`], {
      ...options,
      mostMinutes: 2 / 60,
    });

    expect(code).toBe(124);
  });

  it('ends what a program leaves behind', async () => {
    const code = await runWatched(process.execPath, ['-e', `${START_INNER}; process.exit(0)`], options);

    expect(code).toBe(0);
  });
});
