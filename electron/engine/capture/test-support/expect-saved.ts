import { expect } from 'vitest';
import { until } from '../../core/test-support/until.ts';
import { PROJECT, type CaptureBed } from './capture-bed.ts';

/** Archive path of the first generation of a transcript. */
export function archiveName(name: string, project = PROJECT): string {
  return `claude-code/claude-1/projects/${project}/${name}.jsonl`;
}

/** Saves what comes until as many lines are there as are expected. */
export async function expectSaved(bed: CaptureBed, archivePath: string, lines: readonly string[]): Promise<void> {
  await until(async () => {
    await bed.commit();
    return bed.savedLines(archivePath).length >= lines.length;
  });
  expect(bed.savedLines(archivePath)).toEqual(lines);
}
