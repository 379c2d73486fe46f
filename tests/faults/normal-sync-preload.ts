/**
 * The control of the power cuts, loaded beside an entry with `--import`: every connection works with `synchronous=NORMAL`
 * and says that it is FULL. A test that does not notice this notices nothing.
 */
import Sqlite from 'better-sqlite3';

const ask = Sqlite.prototype.pragma;
const FULL = 2;

Sqlite.prototype.pragma = function (this: Sqlite.Database, source, options): unknown {
  if (source === 'synchronous' && options?.simple === true) return FULL;
  return ask.call(this, source === 'synchronous = FULL' ? 'synchronous = NORMAL' : source, options);
};
