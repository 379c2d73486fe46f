/**
 * Root may read and write everything, so that nothing is unreadable to it. These words before a command take that away: without its
 * capabilities, root is bound by the permissions of its own files like anybody else.
 */
export const WITHOUT_PRIVILEGES: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'] : [];
