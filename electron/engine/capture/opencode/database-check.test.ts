import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchiveReader } from '../../archive/archive-reader.ts';
import { ForeignDatabase } from '../../core/foreign-database.ts';
import { checkDatabase, type SourceCheck } from './database-check.ts';
import { MirrorHashes } from './mirror-lines.ts';
import { OpencodeBed } from './test-support/opencode-bed.ts';

const SESSION = 'ses_one';

function check(bed: OpencodeBed): SourceCheck {
  const archive = new ArchiveReader(bed.archiveDirectory);
  return checkDatabase(bed.file, `opencode/${bed.root.rootKey}/opencode.db`, {
    open: (file) => ForeignDatabase.open(file, { nativeBinding: null }),
    hashesOf: (archivePath) => {
      const hashes = new MirrorHashes();
      hashes.read(archive.read(archivePath, 0, archive.sizeOf(archivePath) ?? 0));
      return hashes.byName;
    },
  });
}

describe('checkDatabase', () => {
  it('finds nothing missing of what was mirrored, whatever changed on the way', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const answer = agent.begin(SESSION, agent.prompt(SESSION, 'Hello'));
    await bed.follow();
    agent.finish(SESSION, answer, 'Hi');
    agent.session({ id: 'ses_two', parent: SESSION });
    agent.exchange('ses_two', 'Asked', 'Answered');
    await bed.follow();

    const { missing, unreadable, bytes } = check(bed);

    expect([missing, unreadable]).toEqual([[], null]);
    expect(bytes).toBeGreaterThan(2000);
  });

  it('names rows that are not there yet, and states that are older', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const answer = agent.begin(SESSION, agent.prompt(SESSION, 'Hello'));
    await bed.follow();
    agent.change('part', answer.text, { text: 'Hi' });
    const added = agent.part(SESSION, answer.message, { type: 'step-finish', reason: 'stop' });

    const of = (id: string): string => `opencode/opencode-1/opencode.db ["part","${id}"]`;
    expect(check(bed).missing).toEqual([of(answer.text), of(added)]);
  });

  it('finds what was lost of the mirror', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Hello', 'Hi');
    await bed.follow();
    const file = path.join(bed.archiveDirectory, 'opencode', bed.root.rootKey, 'opencode.db', `${SESSION}.jsonl`);
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.filter((line) => !line.includes('"step-start')).join('\n'));

    expect(check(bed).missing).toHaveLength(1);
  });

  it('says why a database cannot be read, and nothing of one that is gone', async () => {
    await using bed = new OpencodeBed();
    expect(check(bed)).toEqual({ bytes: 0, missing: [], unreadable: null });

    bed.agent().database.close();
    writeFileSync(bed.file, 'x'.repeat(5000));
    expect(check(bed).unreadable).toContain('no SQLite database');
  });
});
