import vue from '@vitejs/plugin-vue';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

interface ProjectShape {
  readonly name: string;
  readonly include: readonly string[];
  /** Most time for one test and for one hook, in ms. */
  readonly timeoutMs: number;
  /** One file at a time: for tests that share the machine's cores, ports or display with what they start. */
  readonly serial: boolean;
  /** Files at a time, when not one for each core: for tests that mostly wait. */
  readonly workers?: number;
}

const PROJECTS: readonly ProjectShape[] = [
  {
    name: 'unit',
    include: ['electron/**/*.test.ts', 'shared/**/*.test.ts', 'renderer/**/*.test.ts', 'build/**/*.test.ts'],
    timeoutMs: 30_000,
    serial: false,
  },
  { name: 'conformance', include: ['tests/conformance/**/*.test.ts'], timeoutMs: 30_000, serial: false },
  {
    name: 'model',
    include: ['tests/model/**/*.test.ts', 'tests/mutants/**/*.test.ts'],
    timeoutMs: 300_000,
    serial: false,
  },
  { name: 'integration', include: ['tests/integration/**/*.test.ts'], timeoutMs: 120_000, serial: false, workers: 2 },
  // Each has folders, Redis and Holdfast of its own, and waits for what it has broken to heal.
  { name: 'faults', include: ['tests/faults/**/*.test.ts'], timeoutMs: 300_000, serial: false, workers: 3 },
  { name: 'window', include: ['tests/window/**/*.test.ts'], timeoutMs: 60_000, serial: true },
  { name: 'desktop', include: ['tests/desktop/**/*.test.ts'], timeoutMs: 120_000, serial: true },
];

function project(shape: ProjectShape, order: number): TestProjectInlineConfiguration {
  return {
    plugins: [vue()],
    test: {
      name: shape.name,
      include: [...shape.include],
      environment: 'node',
      // A process per file: worker threads, addons and child processes of one test cannot reach another.
      pool: 'forks',
      fileParallelism: !shape.serial,
      ...(shape.workers === undefined ? {} : { maxWorkers: shape.workers }),
      // Projects with different numbers of workers cannot run at the same time; neither should they.
      sequence: { groupOrder: order },
      testTimeout: shape.timeoutMs,
      hookTimeout: shape.timeoutMs,
      retry: 0,
      // As the entry files do: see engine/config/database-uris.ts.
      env: { SQLITE_USE_URI: '1' },
      restoreMocks: true,
    },
  };
}

export default defineConfig({
  test: {
    projects: PROJECTS.map(project),
    // A test that needs a second try is a finding; a run without tests is a failure.
    passWithNoTests: false,
    teardownTimeout: 10_000,
  },
});
