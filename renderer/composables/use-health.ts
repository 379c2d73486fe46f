import { onMounted, ref, shallowRef, watch } from 'vue';
import type { DeadLetter, HealthReport } from '../../shared/status.ts';
import { texts } from '../texts/en.ts';
import { formatCount } from '../view-model/format.ts';
import { useConnection } from './use-bridge.ts';
import { useNotices } from './use-notice.ts';
import { useStatus } from './use-status.ts';

const SHOWN_LETTERS = 100;

/** The checks, run when the screen opens and on request, and the dead letters. */
export function useHealth() {
  const { bridge } = useConnection();
  const { attempt, say } = useNotices();
  const { snapshot } = useStatus();
  const report = shallowRef<HealthReport | null>(null);
  const letters = shallowRef<readonly DeadLetter[]>([]);
  const isRunning = ref(false);

  const run = async () => {
    isRunning.value = true;
    report.value = (await attempt(() => bridge.call('health.get', {}))) ?? report.value;
    isRunning.value = false;
  };
  const loadLetters = async () => {
    const kept = await attempt(() => bridge.call('deadLetters.list', { limit: SHOWN_LETTERS }));
    letters.value = kept?.filter((letter) => letter.state === 'kept') ?? letters.value;
  };
  const retryLetters = () =>
    attempt(async () => {
      const { count } = await bridge.call('deadLetters.retry', { id: null });
      await loadLetters();
      say(texts.health.retried(count, formatCount(count)));
    });

  onMounted(run);
  watch(() => snapshot.value?.store.deadLetters, loadLetters, { immediate: true });
  return { report, letters, isRunning, run, retryLetters };
}
