/**
 * record_version  for a record that its agent writes again when it has changed: the version of the state that stands. Where
 *                 that state is, `record` says; its earlier states are in `occurrence`.
 */
export const RECORD_VERSIONS = `
CREATE TABLE record_version (
  key BLOB NOT NULL,
  agent INTEGER NOT NULL,
  version REAL NOT NULL,
  PRIMARY KEY (key, agent)
) STRICT, WITHOUT ROWID;
`;
