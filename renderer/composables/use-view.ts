import type { InjectionKey, Ref } from 'vue';
import { inject, onMounted, onUnmounted, provide, ref } from 'vue';
import type { HealthCheck } from '../../shared/status.ts';

export const VIEWS = ['overview', 'conversations', 'health'] as const;
export type ViewName = (typeof VIEWS)[number];

/** Where a view should look first: one exchange of a session, one check, or the search field. */
export interface Target {
  readonly session?: string;
  readonly exchange?: string;
  readonly check?: HealthCheck['name'];
  readonly isSearch?: boolean;
}

export interface Navigation {
  readonly view: Readonly<Ref<ViewName>>;
  readonly target: Readonly<Ref<Target>>;
  go(view: ViewName, target?: Target): void;
}

const NAVIGATION: InjectionKey<Navigation> = Symbol('navigation');

/** Keeps the view in the fragment of the address, so that a reload stays where it was. */
export function provideNavigation(): Navigation {
  const view = ref<ViewName>(viewOf(location.hash));
  const target = ref<Target>({});
  const onHash = () => {
    view.value = viewOf(location.hash);
  };
  onMounted(() => window.addEventListener('hashchange', onHash));
  onUnmounted(() => window.removeEventListener('hashchange', onHash));
  const navigation: Navigation = {
    view,
    target,
    go(next, at = {}) {
      target.value = at;
      view.value = next;
      if (viewOf(location.hash) !== next) location.hash = next;
    },
  };
  provide(NAVIGATION, navigation);
  return navigation;
}

export function useNavigation(): Navigation {
  const navigation = inject(NAVIGATION);
  if (navigation === undefined) throw new Error('The navigation is not provided.');
  return navigation;
}

function viewOf(hash: string): ViewName {
  return VIEWS.find((name) => `#${name}` === hash) ?? 'overview';
}
