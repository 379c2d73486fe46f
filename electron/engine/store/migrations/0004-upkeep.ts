/**
 * exchange.checksum   of what the row says; null in rows that an earlier version wrote
 * upkeep              where the work in the background stands: a name, and JSON
 * archive_damage      ranges of the archive that no longer are what was saved; repaired ones stay, with their time
 */
export const UPKEEP = `
ALTER TABLE exchange ADD COLUMN checksum INTEGER;

CREATE TABLE upkeep (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_damage (
  archive_path TEXT NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  found_at INTEGER NOT NULL,
  repaired_at INTEGER,
  PRIMARY KEY (archive_path, start)
) STRICT, WITHOUT ROWID;
`;
