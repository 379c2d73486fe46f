/** The folders of one epoch, which begins with an empty home and ends with a comparison of everything. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';

const PASSED_ON = ['PATH', 'HOLDFAST_SQLITE_BINDING', 'LANG', 'TZ'];

export class EpochPlace {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  make(): void {
    for (const folder of [this.userHome, this.projects, this.journal, this.logs])
      mkdirSync(folder, { recursive: true });
  }

  /** Holdfast's data folder. */
  get home(): string {
    return path.join(this.root, 'data');
  }

  get userHome(): string {
    return path.join(this.root, 'home');
  }

  get claude(): string {
    return path.join(this.root, 'claude');
  }

  get projects(): string {
    return path.join(this.claude, 'projects');
  }

  /** What the writers completed, kept apart from the system. */
  get journal(): string {
    return path.join(this.root, 'journal');
  }

  /** What the processes of the harness and of the system print. */
  get logs(): string {
    return path.join(this.root, 'logs');
  }

  /** For Holdfast. The folder is in it, so that every process of the epoch can be found by it. */
  environment(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
    const known = PASSED_ON.flatMap((name) => {
      const value = given[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      ...Object.fromEntries(known),
      HOME: this.userHome,
      TMPDIR: this.root,
      HOLDFAST_HOME: this.home,
      CLAUDE_CONFIG_DIR: this.claude,
    };
  }
}
