import { describe, expect, it } from 'vitest';
import { findTrayHost } from './tray-host.ts';

const missing = () => Promise.reject(new Error('ENOENT'));

describe('findTrayHost', () => {
  it('believes the first program that answers', async () => {
    const asked: string[] = [];
    const answers = new Map([['busctl', 'b true\n']]);
    const run = (program: string) => {
      asked.push(program);
      const printed = answers.get(program);
      return printed === undefined ? missing() : Promise.resolve(printed);
    };

    expect(await findTrayHost('linux', run)).toBe('present');
    expect(asked).toEqual(['gdbus', 'busctl']);
  });

  it('reads the answers of all three programs', async () => {
    expect(await findTrayHost('linux', () => Promise.resolve('(true,)'))).toBe('present');
    expect(await findTrayHost('linux', () => Promise.resolve('(false,)'))).toBe('absent');
    expect(await findTrayHost('linux', () => Promise.resolve('   boolean false'))).toBe('absent');
  });

  it('does not guess when nobody can be asked', async () => {
    expect(await findTrayHost('linux', missing)).toBe('unknown');
  });

  it('takes the tray of other systems for granted', async () => {
    expect(await findTrayHost('darwin', missing)).toBe('present');
    expect(await findTrayHost('win32', missing)).toBe('present');
  });
});
