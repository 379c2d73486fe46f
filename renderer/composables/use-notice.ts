import type { InjectionKey, Ref } from 'vue';
import { inject, provide, ref } from 'vue';
import { CallError } from '../bridge/call-error.ts';
import { texts } from '../texts/en.ts';

export interface Notice {
  readonly kind: 'done' | 'refused';
  readonly text: string;
}

export interface Notices {
  readonly notice: Readonly<Ref<Notice | null>>;
  dismiss(): void;
  /** Runs what a person asked for; a refusal is shown in its own words, and `undefined` returned. */
  attempt<T>(action: () => Promise<T>): Promise<T | undefined>;
  say(text: string): void;
}

const NOTICES: InjectionKey<Notices> = Symbol('notices');

export function provideNotices(): Notices {
  const notice = ref<Notice | null>(null);
  const notices: Notices = {
    notice,
    dismiss: () => {
      notice.value = null;
    },
    say: (text) => {
      notice.value = { kind: 'done', text };
    },
    async attempt(action) {
      try {
        notice.value = null;
        return await action();
      } catch (error) {
        notice.value = { kind: 'refused', text: describe(error) };
        return undefined;
      }
    },
  };
  provide(NOTICES, notices);
  return notices;
}

export function useNotices(): Notices {
  const notices = inject(NOTICES);
  if (notices === undefined) throw new Error('Notices are not provided.');
  return notices;
}

function describe(error: unknown): string {
  if (error instanceof CallError) return texts.errors.notice(error.message, error.code);
  return texts.errors.unexpected;
}
