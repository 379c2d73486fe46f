/** Looks at everything there is, one time after the other when several ask. What events and polls have missed is found here. */
import type { EpochMs } from '../../../shared/time.ts';
import type { Clock } from '../core/clock.ts';
import type { ReconcileResult } from './capture-facts.ts';
import type { FollowQueue } from './follow-queue.ts';
import type { RowSources } from './row-sources.ts';
import { isBelow, type SourceRoot } from './source-layout.ts';
import type { SourceSurvey, Survey } from './source-survey.ts';
import { isBehind } from './tracked-file.ts';
import type { TranscriptRegistry } from './transcript-registry.ts';

export interface ReconcilerOptions {
  readonly registry: TranscriptRegistry;
  readonly survey: SourceSurvey;
  readonly queue: FollowQueue;
  /** What is read by rows instead of lines; absent: nothing is. */
  readonly rowSources?: RowSources;
  readonly clock: Clock;
  /** Never rejects. */
  readonly describeRoot: (root: SourceRoot) => Promise<void>;
  /** Every root has been walked. */
  readonly onSurveyed: () => void;
}

export interface ReconcileOptions {
  /** Compares every archived byte with the source. */
  readonly thorough: boolean;
  /** Only what is below one of these. */
  readonly paths?: readonly string[];
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  #runs: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  #lastSurvey: Survey | null = null;
  #lastAt: EpochMs | null = null;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  get lastSurvey(): Survey | null {
    return this.#lastSurvey;
  }

  get lastAt(): EpochMs | null {
    return this.#lastAt;
  }

  /** Looks at every transcript there is, and at every one that was known. Rejects with an AbortError on `signal`. */
  run(options: ReconcileOptions, signal: AbortSignal): Promise<ReconcileResult> {
    this.#underWay += 1;
    const run = this.#runs
      .then(() => this.#reconcile(options.thorough, options.paths ?? null, signal))
      .finally(() => (this.#underWay -= 1));
    // The next one does not fail because this one has: whoever asked for it is told.
    this.#runs = run.catch(() => undefined);
    return run;
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.#runs;
  }

  /** Every transcript that is on disk now, without reading any. */
  async survey(signal: AbortSignal): Promise<readonly string[]> {
    const survey = await this.#options.survey.everything(signal);
    this.#lastSurvey = survey;
    this.#options.onSurveyed();
    for (const root of survey.presentRoots) await this.#options.describeRoot(root);
    return survey.files;
  }

  /** What cannot be read right now, with the reason. */
  failures(paths: readonly string[] | null = null): { readonly path: string; readonly reason: string }[] {
    const blocked = [...this.#options.registry.all()]
      .filter((file) => file.state === 'blocked')
      .map((file) => ({ path: file.sourcePath, reason: file.blockedReason ?? 'unreadable' }));
    const known = new Set(blocked.map((failure) => failure.path));
    const others = this.skipped().filter((failure) => !known.has(failure.path));
    return [...blocked, ...others].filter((failure) => isBelow(failure.path, paths));
  }

  /** Paths among the transcripts that are no files that can be read (links, FIFOs, folders without permission). */
  skipped(): { readonly path: string; readonly reason: string }[] {
    const skipped = [...(this.#lastSurvey?.skipped ?? [])].map(([path, reason]) => ({ path, reason }));
    return [...skipped, ...(this.#options.rowSources?.failures() ?? [])];
  }

  async #reconcile(thorough: boolean, paths: readonly string[] | null, signal: AbortSignal): Promise<ReconcileResult> {
    const { registry, queue, clock, rowSources } = this.#options;
    const files = await this.survey(signal);
    const left = [...registry.all()].filter((file) => file.state === 'past' && isBehind(file));
    const known = [...registry.all()].filter((file) => file.state !== 'past').map((file) => file.sourcePath);
    const rows = (await rowSources?.list()) ?? [];
    const everything = [...new Set([...rows, ...files, ...known])].filter((file) => isBelow(file, paths));
    const outcomes = await Promise.all([
      ...everything.map((file) => queue.add(file, 'bulk', thorough)),
      ...left.map((file) => queue.add(file.archivePath, 'bulk')),
    ]);
    this.#lastAt = clock.now();
    return {
      files: everything.length,
      advanced: outcomes.filter((outcome) => outcome === 'advanced').length,
      unchanged: outcomes.filter((outcome) => outcome === 'unchanged').length,
      failures: this.failures(paths),
    };
  }
}
