import { computed, onMounted, onUnmounted, ref, shallowRef, watch } from 'vue';
import type { JobView } from '../../shared/status.ts';
import { texts } from '../texts/en.ts';
import { useConnection } from './use-bridge.ts';
import { useNotices } from './use-notice.ts';
import { useStatus } from './use-status.ts';

/** The running or last job, and what can be started by a person. */
export function useJob() {
  const { bridge, isDesktop } = useConnection();
  const { snapshot } = useStatus();
  const { attempt, say } = useNotices();
  const latest = shallowRef<JobView | null>(null);
  const dismissed = ref<string | null>(null);
  let unsubscribe = () => {};

  const load = (id: string) =>
    attempt(async () => {
      latest.value = await bridge.call('jobs.get', { id });
    });

  onMounted(() => {
    unsubscribe = bridge.on('job.changed', (job) => {
      latest.value = job;
    });
  });
  onUnmounted(() => unsubscribe());
  watch(
    () => snapshot.value?.job,
    (job) => {
      if (job !== null && job !== undefined) latest.value = job;
      // A job that ended between two snapshots is gone from the second one: its report is asked for.
      else if (latest.value?.state === 'running') void load(latest.value.id);
    },
    { immediate: true },
  );

  return {
    job: computed(() => (latest.value?.id === dismissed.value ? null : latest.value)),
    isRunning: computed(() => latest.value?.state === 'running'),
    canOpenFolder: isDesktop,
    startResync: () =>
      attempt(async () => {
        const { id } = await bridge.call('jobs.start', { kind: 'resync' });
        await load(id);
      }),
    cancel: (id: string) =>
      attempt(async () => {
        latest.value = await bridge.call('jobs.cancel', { id });
      }),
    dismiss: (id: string) => {
      dismissed.value = id;
    },
    openFolder: () =>
      attempt(async () => {
        const { opened } = await bridge.call('data.openFolder', {});
        say(opened ? texts.errors.folderOpened : texts.errors.folderNotOpened);
      }),
  };
}
