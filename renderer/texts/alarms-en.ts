import type { AlarmFigures } from './en.ts';

export interface AlarmText {
  /** What `value` and `limit` of the alarm count. */
  readonly unit: 'count' | 'ms' | 'age' | 'bytes' | 'share';
  readonly text: (figures: AlarmFigures) => string;
}

/**
 * The sentence of each alarm by its key: what happened, with the figure; never a guessed cause. A key that ends in
 * `.warning` has the sentence of the key without it.
 */
export const alarmTexts: Readonly<Record<string, AlarmText>> = {
  paused: { unit: 'count', text: () => 'Recording is paused by you.' },
  'store.failing': { unit: 'count', text: () => 'SQLite cannot be written.' },
  'store.rebuilding': {
    unit: 'share',
    text: ({ value }) => `The database is being made anew from the archive: ${value} done. The old file is kept.`,
  },
  'store.recovered': {
    unit: 'count',
    text: () => 'The database was damaged and is complete again. Health says where the damaged file is.',
  },
  'store.unrecovered': {
    unit: 'count',
    text: () => 'The database could not be made anew. The archive is written; Health says more.',
  },
  'archive.damaged': {
    unit: 'count',
    text: ({ value }) => `Damaged ranges in the archive: ${value}. Health names the file; their transcripts are gone.`,
  },
  'backup.failed': { unit: 'count', text: () => 'The database could not be backed up. Older backups are kept.' },
  'archive.failing': { unit: 'count', text: () => 'The archive cannot be written.' },
  'consumer.beat': { unit: 'age', text: ({ value }) => `The consumer has sent no heartbeat for ${value}.` },
  'watcher.beat': { unit: 'age', text: ({ value }) => `The watcher has sent no heartbeat for ${value}.` },
  unsaved: { unit: 'age', text: ({ value }) => `A transcript changed ${value} ago and is not saved yet.` },
  disk: { unit: 'bytes', text: ({ value, limit }) => `Disk space below ${limit}: ${value} left.` },
  'disk.held': {
    unit: 'bytes',
    text: ({ value, limit }) => `Recording is held: ${value} left on the disk, less than ${limit}. Free some space.`,
  },
  'queue.bypass': { unit: 'count', text: () => 'Redis is bypassed. Batches go straight to SQLite.' },
  'queue.depth': { unit: 'count', text: ({ value, limit }) => `Queue depth above ${limit}. Now ${value} messages.` },
  'queue.pending': { unit: 'count', text: ({ value, limit }) => `Pending above ${limit}. Now ${value} not confirmed.` },
  'queue.oldest': { unit: 'age', text: ({ value, limit }) => `A message waits for ${value}, longer than ${limit}.` },
  'redis.aof': { unit: 'count', text: () => 'Redis cannot write its append-only file.' },
  'redis.memory': { unit: 'share', text: ({ value, limit }) => `Redis memory above ${limit}. Now ${value}.` },
  'store.deadLetters': {
    unit: 'count',
    text: ({ value }) => `Dead letters kept: ${value}. The sources are untouched.`,
  },
  'store.latency': { unit: 'ms', text: ({ value, limit }) => `Save latency above ${limit}. Now ${value}.` },
  'store.wal': { unit: 'bytes', text: ({ value, limit }) => `SQLite log above ${limit}. Now ${value}.` },
  'files.blocked': { unit: 'count', text: () => 'Some transcripts cannot be read.' },
  'watcher.polling': { unit: 'count', text: () => 'Folders are polled instead of watched.' },
};
