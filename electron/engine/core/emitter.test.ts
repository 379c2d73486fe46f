import { describe, expect, it } from 'vitest';
import { Emitter } from './emitter.ts';

describe('Emitter', () => {
  it('tells every listener, in their order, until it is disposed', () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    const first = emitter.on((value) => heard.push(`first ${value}`));
    emitter.on((value) => heard.push(`second ${value}`));

    emitter.emit(1);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    emitter.emit(2);

    expect(heard).toEqual(['first 1', 'second 1', 'second 2']);
  });

  it('tells those who listened when it was said, whoever comes or goes meanwhile', () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    const late = (value: number): void => void heard.push(`late ${value}`);
    emitter.on((value) => {
      heard.push(`first ${value}`);
      emitter.on(late);
    });

    emitter.emit(1);
    emitter.emit(2);

    expect(heard).toEqual(['first 1', 'first 2', 'late 2']);
  });
});
