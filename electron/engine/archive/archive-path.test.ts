import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { archivePathOf, archivedFile, parseArchivePath, rootKeyOf } from './archive-path.ts';

const part = fc
  .string({ minLength: 1, unit: fc.constantFrom('a', 'Z', '0', '.', '~', '2', '-', ' ', 'ü', '"', '%', ':') })
  .filter((text) => text !== '.' && text !== '..');

describe('archivePathOf', () => {
  it('names the first generation like the source, and later ones by their number', () => {
    const name = { agent: 'claude-code', rootKey: 'claude-1', relativePath: 'projects/p/s.jsonl' };

    expect(archivePathOf({ ...name, generation: 1 })).toBe('claude-code/claude-1/projects/p/s.jsonl');
    expect(archivePathOf({ ...name, generation: 12 })).toBe('claude-code/claude-1/~12/projects/p/s.jsonl');
  });

  it('is undone by parsing, whatever the names', () => {
    fc.assert(
      fc.property(
        part,
        part,
        fc.integer({ min: 1, max: 10 ** 6 }),
        fc.array(part, { minLength: 1, maxLength: 5 }),
        (agent, rootKey, generation, parts) => {
          const name = { agent, rootKey, generation, relativePath: parts.join('/') };

          expect(parseArchivePath(archivePathOf(name))).toEqual(name);
        },
      ),
    );
  });

  it('gives two generations two names', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), fc.nat(9), fc.nat(9), (parts, one, other) => {
        const nameOf = (generation: number): string =>
          archivePathOf({ agent: 'a', rootKey: 'r', generation: generation + 1, relativePath: parts.join('/') });

        expect(nameOf(one) === nameOf(other)).toBe(one === other);
      }),
    );
  });
});

describe('parseArchivePath', () => {
  it.each([
    '',
    'a',
    'a/b',
    'a/b/',
    'a/b/~2',
    'a//c',
    '/b/c',
    'a/b/c/',
    '../b/c',
    'a/../c',
    'a/b/../c',
    'a/b/./c',
    'a/b/c\0d',
  ])('gives null for %j', (text) => {
    expect(parseArchivePath(text)).toBeNull();
  });

  it.each(['~0', '~02', '~-1', '~1.5', '~', '~x', '~ 2'])('takes %s as a name, not as a generation', (name) => {
    expect(parseArchivePath(`a/b/${name}/c`)).toMatchObject({ generation: 1, relativePath: `${name}/c` });
  });
});

describe('archivedFile', () => {
  it('refuses a name that leads out of the archive', () => {
    for (const archivePath of ['../../etc/passwd', '/etc/passwd', 'a/../../b', 'a\0b', '']) {
      expect(() => archivedFile('/archive', archivePath)).toThrow(
        expect.objectContaining({ code: 'ARCHIVE_MISMATCH', retryable: false }),
      );
    }
  });
});

describe('rootKeyOf', () => {
  it('is readable, the same each time, and different for every folder', () => {
    const keys = ['/home/ana/.claude', '/home/ben/.claude', '/home/ana/.claude/', '/'].map(rootKeyOf);

    expect(keys[0]).toMatch(/^claude-[0-9a-f]{8}$/);
    expect(keys[3]).toMatch(/^root-[0-9a-f]{8}$/);
    expect(rootKeyOf('/home/ana/.claude')).toBe(keys[0]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is one name in the archive, whatever the folder is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(rootKeyOf(`/home/${name}`)).toMatch(/^[A-Za-z0-9-]{1,40}-[0-9a-f]{8}$/);
      }),
    );
  });
});
