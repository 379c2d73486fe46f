import type { ComputedRef, InjectionKey, Ref, ShallowRef } from 'vue';
import { computed, inject, onMounted, onUnmounted, provide, ref, shallowRef } from 'vue';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import type { Freshness } from '../view-model/freshness.ts';
import { LATE_AFTER_MS, freshnessOf } from '../view-model/freshness.ts';
import { useConnection } from './use-bridge.ts';

export interface StatusFeed {
  /** The newest snapshot; null before the first. */
  readonly snapshot: Readonly<ShallowRef<StatusSnapshot | null>>;
  readonly freshness: ComputedRef<Freshness>;
  /** Time since the newest snapshot came, in ms; null before the first. */
  readonly ageMs: ComputedRef<number | null>;
  /** The computer's clock, for the footer. */
  readonly clock: Readonly<Ref<EpochMs>>;
  /** Now in the engine's time, for ages. It stands still once the signal is lost: nobody knows what happened since. */
  readonly moment: ComputedRef<EpochMs>;
  /** Asks for a snapshot. Errors: those of `status.get`. */
  refresh(): Promise<void>;
}

const STATUS: InjectionKey<StatusFeed> = Symbol('status');
const TICK_MS = 500;

/** Follows the engine for the whole window; called once, by the root. */
export function provideStatus(): StatusFeed {
  const { bridge } = useConnection();
  const snapshot = shallowRef<StatusSnapshot | null>(null);
  const openedAt = Date.now();
  const clock = ref(openedAt);
  const receivedAt = ref<EpochMs | null>(null);

  const accept = (next: StatusSnapshot) => {
    // An engine that repeats its last snapshot is as silent as one that sends nothing.
    if (snapshot.value !== null && next.at <= snapshot.value.at) return;
    snapshot.value = next;
    clock.value = Date.now();
    receivedAt.value = clock.value;
  };
  const refresh = async () => accept(await bridge.call('status.get', {}));

  const ageMs = computed(() => (receivedAt.value === null ? null : Math.max(0, clock.value - receivedAt.value)));
  const freshness = computed(() => freshnessOf(ageMs.value, clock.value - openedAt));
  const moment = computed(() => {
    if (snapshot.value === null) return clock.value;
    return freshness.value === 'lost' ? snapshot.value.at : snapshot.value.at + (ageMs.value ?? 0);
  });

  follow(accept, refresh, clock, ageMs);
  const feed = { snapshot, freshness, ageMs, clock, moment, refresh };
  provide(STATUS, feed);
  return feed;
}

/** Keeps the clock ticking, listens, and asks by itself when nothing comes. */
function follow(
  accept: (next: StatusSnapshot) => void,
  refresh: () => Promise<void>,
  clock: Ref<EpochMs>,
  ageMs: ComputedRef<number | null>,
): void {
  const { bridge } = useConnection();
  let unsubscribe = () => {};
  let timer: ReturnType<typeof setInterval> | undefined;
  let askedAt = 0;

  // A failed question needs no word of its own: the age of the data, shown on every screen, says it.
  const ask = () => {
    askedAt = Date.now();
    refresh().catch(() => undefined);
  };
  const tick = () => {
    clock.value = Date.now();
    const isSilent = ageMs.value === null || ageMs.value >= LATE_AFTER_MS;
    if (isSilent && clock.value - askedAt >= LATE_AFTER_MS) ask();
  };
  const onVisible = () => {
    // Nothing is sent to a hidden window, so what it shows is old when it comes back.
    if (document.visibilityState === 'visible') ask();
  };

  onMounted(() => {
    unsubscribe = bridge.on('status.changed', accept);
    timer = setInterval(tick, TICK_MS);
    document.addEventListener('visibilitychange', onVisible);
    ask();
  });
  onUnmounted(() => {
    unsubscribe();
    clearInterval(timer);
    document.removeEventListener('visibilitychange', onVisible);
  });
}

/** The feed of the root, for every component below it. */
export function useStatus(): StatusFeed {
  const feed = inject(STATUS);
  if (feed === undefined) throw new Error('The status is not provided.');
  return feed;
}
