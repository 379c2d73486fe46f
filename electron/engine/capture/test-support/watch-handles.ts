import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** How many things the system watches for this process, as it says itself. Linux only. */
export function inotifyWatches(): number {
  let watches = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    if (targetOf(fd) !== 'anon_inode:inotify') continue;
    watches += readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^inotify wd:/gm)?.length ?? 0;
  }
  return watches;
}

/** The list holds the descriptor of its own reading, which is closed by now. */
function targetOf(fd: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null;
  }
}
