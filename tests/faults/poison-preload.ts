/**
 * Loaded beside an entry with `--import`: saving any row that holds `HOLDFAST_POISON` throws, as a mistake in the program would
 * that only one conversation brings out. No other row is touched.
 */
import Sqlite from 'better-sqlite3';

const poison = process.env['HOLDFAST_POISON'];
const probe = new Sqlite(':memory:', {
  nativeBinding: process.env['HOLDFAST_SQLITE_BINDING'] ?? undefined,
});
const statements = Object.getPrototypeOf(probe.prepare('SELECT 1')) as { run: (...args: unknown[]) => unknown };
probe.close();
const run = statements.run;

statements.run = function (this: unknown, ...args: unknown[]): unknown {
  if (poison !== undefined && JSON.stringify(args).includes(poison)) throw new RangeError('poisoned');
  return run.apply(this, args);
};
