import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommittedPositions } from '../support/committed-positions.ts';
import { expectFixtureExported } from '../support/fixture-truth.ts';
import { expectClean } from '../support/proof.ts';
import type { ExportedExchange } from '../support/report-schemas.ts';
import { fixtureGrowths, replay } from '../support/timeline.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Workplace } from '../support/workplace.ts';

const SPEED = 20;
const NEWLINE = 0x0a;

interface Waiting {
  readonly file: string;
  readonly position: number;
  readonly since: number;
}

/** Follows what was written until it is committed. */
class Latencies {
  readonly #ends = new Map<string, number>();
  readonly #positions: CommittedPositions;
  #waiting: readonly Waiting[] = [];
  readonly ms: number[] = [];

  constructor(positions: CommittedPositions) {
    this.#positions = positions;
  }

  get left(): readonly Waiting[] {
    return this.#waiting;
  }

  /** Half a line is not saved before it is whole. */
  wrote(file: string, bytes: Buffer, isBlob: boolean): void {
    const start = this.#ends.get(file) ?? 0;
    this.#ends.set(file, start + bytes.length);
    const whole = isBlob ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
    if (whole > 0) this.#waiting = [...this.#waiting, { file, position: start + whole, since: performance.now() }];
  }

  look(): number {
    const positions = this.#positions.read();
    const now = performance.now();
    const isSaved = ({ file, position }: Waiting): boolean => (positions.get(file) ?? 0) >= position;
    for (const saved of this.#waiting.filter(isSaved)) this.ms.push(now - saved.since);
    this.#waiting = this.#waiting.filter((waiting) => !isSaved(waiting));
    return this.#waiting.length;
  }

  percentile(share: number): string {
    const sorted = [...this.ms].sort((a, b) => a - b);
    return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(0);
  }
}

function byId(exported: readonly ExportedExchange[]): readonly ExportedExchange[] {
  return [...exported].sort((a, b) => a.id.localeCompare(b.id));
}

describe('a conversation that is going on', () => {
  it('is saved as it is written, and ends in the same exchanges as an import of the finished files', async () => {
    await using place = await Workplace.make();
    const holdfast = await place.start();
    using positions = new CommittedPositions(place.home);
    const latencies = new Latencies(positions);
    const growths = fixtureGrowths().filter(({ file }) => !file.startsWith('tasks'));
    const looking = setInterval(() => latencies.look(), 5);

    await replay(growths, place.claude, SPEED, ({ file, bytes }) => {
      latencies.wrote(path.join(place.claude, file), bytes, /\.meta\.json$|\/tool-results\//.test(file));
    });
    await waitUntil(
      () => latencies.look(),
      (left) => left === 0,
      'everything written is saved',
    ).finally(() => {
      clearInterval(looking);
    });

    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => latencies.percentile(share));
    console.log(`live: ${String(latencies.ms.length)} appends, p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`);
    expect(latencies.left).toEqual([]);
    expect(latencies.ms.length).toBeGreaterThan(200);
    expectClean(await place.verify());
    const exported = await place.export();
    expectFixtureExported(exported);
    expect(await holdfast.call('search.query', { query: 'marmalade' })).not.toEqual([]);

    await using finished = await Workplace.withFixture();
    await finished.import();
    expect(byId(exported)).toEqual(byId(await finished.export()));
  });
});
