import { describe, expect, it } from 'vitest';
import type { FileCheck, FileToCheck } from './file-check.ts';
import { verifyJob, type VerifyPorts } from './verify-job.ts';

const GOOD: FileCheck = {
  bytes: 100,
  records: 10,
  quarantined: 1,
  missingFrom: null,
  missingRecords: [],
  unreadable: null,
};
const NEVER = new AbortController().signal;

function fileNamed(name: string): FileToCheck {
  return { archivePath: `a/${name}`, sourcePath: `/home/ana/${name}`, kind: 'lines' };
}

/** @param checks what comes out for each file, look by look */
function portsWith(
  checks: Readonly<Record<string, readonly FileCheck[]>>,
): VerifyPorts & { readonly calls: readonly string[] } {
  const calls: string[] = [];
  const left = new Map(Object.entries(checks).map(([name, results]) => [`a/${name}`, [...results]]));
  return {
    calls,
    catchUp: () => Promise.resolve(void calls.push('catch up')),
    list: () => Promise.resolve(Object.keys(checks).map(fileNamed)),
    unreadable: () => [{ path: '/home/ana/fifo', reason: 'not a file' }],
    check: ({ archivePath }) => {
      calls.push(archivePath);
      const result = left.get(archivePath)?.shift();
      return result === undefined ? Promise.reject(new Error('not expected')) : Promise.resolve(result);
    },
    settle: () => Promise.resolve(void calls.push('settle')),
    proof: () => Promise.resolve({ exchanges: 5, subagentExchanges: 1, duplicated: 2, drift: 3 }),
  };
}

describe('verifyJob', () => {
  it('adds up what the files give, after the recorder has caught up', async () => {
    const ports = portsWith({ one: [GOOD], two: [{ ...GOOD, unreadable: 'EACCES' }] });
    const phases: (string | undefined)[] = [];

    const report = await verifyJob(ports)((progress) => phases.push(progress.phase), NEVER);

    expect(report).toEqual({
      kind: 'verify',
      files: 2,
      bytes: 200,
      records: 20,
      exchanges: 5,
      subagentExchanges: 1,
      missing: 0,
      duplicated: 2,
      quarantined: 2,
      drift: 3,
      missingBytes: [],
      missingRecords: [],
      unreadable: [
        { path: '/home/ana/two', reason: 'EACCES' },
        { path: '/home/ana/fifo', reason: 'not a file' },
      ],
    });
    expect(ports.calls).toEqual(['catch up', 'a/one', 'a/two']);
    expect(phases).toEqual(['scanning', 'comparing', 'comparing']);
  });

  it('looks a second time at a file that was being written', async () => {
    const ports = portsWith({ calm: [GOOD], busy: [{ ...GOOD, missingFrom: 90 }, GOOD] });

    const report = await verifyJob(ports)(() => undefined, NEVER);

    expect(report).toMatchObject({ missing: 0, missingBytes: [] });
    expect(ports.calls).toEqual(['catch up', 'a/calm', 'a/busy', 'settle', 'a/busy']);
  });

  it('tells where bytes are missing and which records, twenty of them', async () => {
    const lost = { ...GOOD, missingFrom: 90 };
    const missingRecords = Array.from({ length: 30 }, (_, index) => `record-${index}`);
    const unsaved = { ...GOOD, missingRecords };
    const ports = portsWith({ lost: [lost, lost], unsaved: [unsaved, unsaved] });

    const report = await verifyJob(ports)(() => undefined, NEVER);

    expect(report).toMatchObject({
      missing: 31,
      missingBytes: [{ path: '/home/ana/lost', offset: 90 }],
      missingRecords: missingRecords.slice(0, 20),
    });
  });

  it('does not wait for a file that takes long when it is cancelled', async () => {
    const cancel = new AbortController();
    const ports: VerifyPorts = {
      ...portsWith({ one: [GOOD] }),
      check: () => {
        cancel.abort();
        return new Promise(() => undefined);
      },
    };

    await expect(verifyJob(ports)(() => undefined, cancel.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
