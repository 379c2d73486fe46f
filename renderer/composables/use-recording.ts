import { ref } from 'vue';
import { useConnection } from './use-bridge.ts';
import type { Notices } from './use-notice.ts';
import type { StatusFeed } from './use-status.ts';

/** Pausing and resuming, for the button in the header. */
export function useRecording(notices: Pick<Notices, 'attempt'>, status: Pick<StatusFeed, 'refresh'>) {
  const { bridge } = useConnection();
  const isBusy = ref(false);

  const run = async (action: () => Promise<unknown>) => {
    isBusy.value = true;
    await notices.attempt(async () => {
      await action();
      // The header must follow the click at once, not with the next second.
      await status.refresh();
    });
    isBusy.value = false;
  };
  return {
    isBusy,
    /** @param minutes null: until resumed. */
    pause: (minutes: number | null) => run(() => bridge.call('recording.pause', { minutes })),
    resume: () => run(() => bridge.call('recording.resume', {})),
  };
}
