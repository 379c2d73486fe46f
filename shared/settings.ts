import { z } from 'zod';

export const SETTINGS_VERSION = 1;

const settingsObject = z.looseObject({
  version: z.literal(SETTINGS_VERSION).default(SETTINGS_VERSION),
  sources: z
    .looseObject({
      /** Claude Code configuration folders besides `CLAUDE_CONFIG_DIR` or `~/.claude`. Absolute paths. */
      claudeCode: z.looseObject({ extraRoots: z.array(z.string().min(1)).max(50).default([]) }).prefault({}),
    })
    .prefault({}),
  capture: z
    .looseObject({
      /** Every known file and folder is looked at again after this time, in seconds. */
      reconcileSeconds: z.number().int().min(10).max(3600).default(60),
      /** Recently touched files are looked at this often, in milliseconds. */
      hotPollMs: z.number().int().min(250).max(10_000).default(1500),
    })
    .prefault({}),
  backup: z
    .looseObject({
      /** A copy of the database is made this often, in hours, when something was saved since the last one. */
      everyHours: z.number().min(0.01).max(8760).default(24),
      /** So many copies are kept; older ones are removed. */
      keep: z.number().int().min(1).max(365).default(7),
    })
    .prefault({}),
  scrub: z
    .looseObject({
      /** Within this time everything in the archive is read once and compared with its hash. In days. */
      days: z.number().min(0.00001).max(365).default(7),
    })
    .prefault({}),
  recording: z
    .looseObject({
      paused: z.boolean().default(false),
      /** Epoch ms at which recording goes on by itself; null: until a person resumes it. */
      pausedUntil: z.number().int().nullable().default(null),
    })
    .prefault({}),
  /** Room on the disk of the data folder, in megabytes of 1 000 000 bytes. Lower it where that disk is small. */
  disk: z
    .looseObject({
      /** With less than this free, a warning is shown. */
      warnBelowMegabytes: z.number().min(1).max(1_000_000).default(1000),
      /** With less than this free, recording is held until there is a quarter more than this. */
      holdBelowMegabytes: z.number().min(1).max(1_000_000).default(200),
      /** Size of the file that is given back when the disk is full, so that stopping and the window still work. */
      reserveMegabytes: z.number().min(1).max(10_000).default(32),
    })
    .refine(({ warnBelowMegabytes, holdBelowMegabytes }) => holdBelowMegabytes <= warnBelowMegabytes, {
      path: ['holdBelowMegabytes'],
      error: 'must not be above warnBelowMegabytes',
    })
    .prefault({}),
  api: z
    .looseObject({
      /** Port of the loopback API and window; 0 takes any free one. `HOLDFAST_PORT` and `--port` win. */
      port: z.number().int().min(0).max(65_535).default(0),
    })
    .prefault({}),
  window: z.looseObject({ theme: z.enum(['system', 'dark', 'light']).default('system') }).prefault({}),
});

/** The settings file: defaults, ranges and units in one place. Unknown keys survive a save. */
export const settingsSchema = settingsObject;
export type Settings = z.infer<typeof settingsObject>;
