import { computed, onUnmounted, ref, shallowRef, watch } from 'vue';
import type { SearchHit, SessionSummary } from '../../shared/exchange.ts';
import type { SessionDetail } from '../../shared/ipc.ts';
import { useConnection } from './use-bridge.ts';
import { useNotices } from './use-notice.ts';
import { useStatus } from './use-status.ts';

const LISTED_SESSIONS = 100;
const LISTED_HITS = 50;
/** Long enough not to search for every letter, short enough not to be felt. */
const TYPING_PAUSE_MS = 150;
/** New saves come in bursts; the list follows them at this pace. */
const RELOAD_PAUSE_MS = 2_000;

export interface Found {
  readonly query: string;
  readonly hits: readonly SearchHit[];
  readonly tookMs: number;
}

/** Recent sessions, search, and the conversation that is open in the reader. */
export function useConversations() {
  const { bridge } = useConnection();
  const { attempt } = useNotices();
  const { snapshot } = useStatus();
  const sessions = shallowRef<readonly SessionSummary[] | null>(null);
  const found = shallowRef<Found | null>(null);
  const detail = shallowRef<SessionDetail | null>(null);
  const query = ref('');
  let typing: ReturnType<typeof setTimeout> | undefined;
  let reloading: ReturnType<typeof setTimeout> | undefined;

  const list = async () => {
    sessions.value = (await attempt(() => bridge.call('sessions.list', { limit: LISTED_SESSIONS }))) ?? sessions.value;
  };
  const load = async (session: string) => {
    const loaded = await attempt(() => bridge.call('sessions.get', { session }));
    if (loaded !== undefined) detail.value = loaded;
  };
  const search = async () => {
    const asked = query.value.trim();
    if (asked === '') {
      found.value = null;
      return;
    }
    const startedAt = performance.now();
    const hits = await attempt(() => bridge.call('search.query', { query: asked, limit: LISTED_HITS }));
    // The answer to a question that is no longer asked must not replace a newer one.
    if (hits === undefined || asked !== query.value.trim()) return;
    found.value = { query: asked, hits, tookMs: performance.now() - startedAt };
  };

  watch(query, () => {
    clearTimeout(typing);
    typing = setTimeout(() => void search(), TYPING_PAUSE_MS);
  });
  watch(
    () => snapshot.value?.store.lastSaveAt,
    () => {
      reloading ??= setTimeout(() => {
        reloading = undefined;
        void list();
        const open = detail.value?.session.id;
        const isTouched = snapshot.value?.recentSaves.some((save) => save.sessionId === open) ?? false;
        if (open !== undefined && isTouched) void load(open);
      }, RELOAD_PAUSE_MS);
    },
  );
  onUnmounted(() => {
    clearTimeout(typing);
    clearTimeout(reloading);
  });
  void list();

  return { query, sessions, found, detail, load, isSearching: computed(() => query.value.trim() !== '') };
}
