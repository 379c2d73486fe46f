/**
 * Lets SQLite take file names with parameters, without which it cannot be told to leave no trace. Must be called before the
 * addon is loaded, with the variables of the process itself.
 */
export function allowDatabaseUris(env: Record<string, string | undefined>): void {
  env['SQLITE_USE_URI'] = '1';
}
