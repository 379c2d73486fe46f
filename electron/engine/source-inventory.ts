/** What there is to compare and to restore: files on disk, generations in the archive, and which belongs to which. */
import path from 'node:path';
import { Archive } from './archive/archive.ts';
import { archivePathOf, parseArchivePath } from './archive/archive-path.ts';
import { listRowSources } from './capture/opencode/source-list.ts';
import { isMirror } from './capture/source-layout.ts';
import { SourceScanner } from './capture/source-scanner.ts';
import { TranscriptRegistry } from './capture/transcript-registry.ts';
import { agentRoots } from './config/agent-roots.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { SettingsFile } from './config/settings-file.ts';
import type { EngineOptions } from './contract.ts';
import type { FileToCheck } from './jobs/file-check.ts';
import type { RestorableFile } from './jobs/restore-job.ts';
import { mirroredFiles, noPlaceForRows } from './mirror-restore.ts';
import { sourceRoot, type Recorder } from './recorder.ts';
import type { StoredGeneration } from './store/store-figures.ts';
import type { StoreCalls } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';

interface Failure {
  readonly path: string;
  readonly reason: string;
}

export interface InventoryParts {
  readonly options: EngineOptions;
  readonly paths: DataPaths;
  readonly settings: SettingsFile;
  readonly reader: StoreCalls<ReaderOperations>;
}

export class SourceInventory {
  readonly #registry: TranscriptRegistry;
  readonly #scan: () => Promise<readonly string[]>;
  readonly #failures: () => readonly Failure[];

  private constructor(
    registry: TranscriptRegistry,
    scan: () => Promise<readonly string[]>,
    failures: () => readonly Failure[],
  ) {
    this.#registry = registry;
    this.#scan = scan;
    this.#failures = failures;
  }

  /** Of a running recorder. */
  static of(recorder: Recorder): SourceInventory {
    return new SourceInventory(
      recorder.registry,
      () => recorder.capturer.scan(),
      () => recorder.capturer.skipped(),
    );
  }

  /** Without a recorder: from what is on disk, in the archive and in the database. */
  static async open({ options, paths, settings, reader }: InventoryParts): Promise<SourceInventory> {
    const roots = await agentRoots({
      platform: options.platform,
      env: options.env,
      userHome: options.userHome,
      extraRoots: settings.get().sources.claudeCode.extraRoots,
    });
    const registry = new TranscriptRegistry({ pathOf: archivePathOf, parse: parseArchivePath }, roots.map(sourceRoot));
    const archive = new Archive(paths.archiveDirectory);
    await archive.open();
    const archived: { archivePath: string; sizeBytes: number }[] = [];
    for await (const file of archive.list()) archived.push(file);
    registry.load(archived, await reader.call('positions'));
    const failures: Failure[] = [];
    return new SourceInventory(
      registry,
      () => scan(registry, failures),
      () => failures,
    );
  }

  /** Each source with the generation that follows it, and every generation that has no source any more. */
  async filesToCheck(): Promise<readonly FileToCheck[]> {
    const onDisk = new Map<string, FileToCheck>();
    for (const sourcePath of await this.#scan()) {
      const file = this.#registry.track(sourcePath);
      if (file !== null) onDisk.set(file.archivePath, { archivePath: file.archivePath, sourcePath, kind: file.kind });
    }
    const rest = [...this.#registry.all()]
      .filter((file) => !onDisk.has(file.archivePath))
      .map((file): FileToCheck => ({ archivePath: file.archivePath, sourcePath: null, kind: file.kind }));
    return [...onDisk.values(), ...(await this.#rowSources()), ...rest];
  }

  /** Databases and stores of small files are no files of lines: what is compared are their rows. */
  async #rowSources(): Promise<readonly FileToCheck[]> {
    const { roots } = this.#registry;
    return (await listRowSources(roots)).flatMap((sourcePath): FileToCheck[] => {
      const root = roots.find(({ directory }) => directory === path.dirname(sourcePath));
      if (root === undefined) return [];
      const name = { agent: root.agent, rootKey: root.rootKey, generation: 1, relativePath: path.basename(sourcePath) };
      return [{ archivePath: archivePathOf(name), sourcePath, kind: 'rows' }];
    });
  }

  failures(): readonly Failure[] {
    return this.#failures();
  }
}

async function scan(registry: TranscriptRegistry, failures: Failure[]): Promise<readonly string[]> {
  const files: string[] = [];
  const scanner = new SourceScanner({
    directory: () => undefined,
    file: (file) => files.push(file),
    skipped: (skipped, reason) => failures.push({ path: skipped, reason }),
  });
  for (const root of registry.roots) await scanner.scanRoot(root, new AbortController().signal);
  return files.filter((file) => registry.track(file) !== null);
}

/**
 * The newest generation of each file of a session.
 * @param to folder to write below, in the layout of the agent's folder; null: where the files were
 */
export async function restorableFiles(
  stored: readonly StoredGeneration[],
  session: string,
  archive: Archive,
  to: string | null,
): Promise<readonly RestorableFile[]> {
  const mirrored: RestorableFile[] = [];
  let isOnlyRows = false;
  const newest = new Map<string, { readonly generation: number; readonly file: RestorableFile }>();
  for (const row of stored) {
    const name = row.session === session ? parseArchivePath(row.archivePath) : null;
    if (name === null) continue;
    if (name.agent === 'opencode' && isMirror(name.relativePath)) {
      const files = await mirroredFiles({ ...name, ...row }, archive, to);
      mirrored.push(...files);
      isOnlyRows ||= files.length === 0;
      continue;
    }
    const target = to === null ? row.sourcePath : path.join(to, ...name.relativePath.split('/'));
    if (target === null) continue;
    const known = newest.get(target);
    if (known !== undefined && known.generation > name.generation) continue;
    const sizeBytes = await archive.sizeOf(row.archivePath);
    newest.set(target, {
      generation: name.generation,
      file: { archivePath: row.archivePath, target, sizeBytes },
    });
  }
  const found = [...[...newest.values()].map(({ file }) => file), ...mirrored];
  if (found.length === 0 && isOnlyRows) throw noPlaceForRows();
  return found;
}
