/** The parts of a browser window that keep the token; a plain object in tests. */
export interface TokenPlace {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string };
  readonly history: { replaceState(state: unknown, title: string, url: string): void };
  readonly sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
}

const KEY = 'holdfast.token';

/**
 * The token of the loopback API. It comes in the fragment (`#token=…`), which browsers never send to a server, and is
 * moved to the session storage at once, so that it stands neither in the address bar nor in a bookmark.
 */
export function takeToken(place: TokenPlace): string | null {
  const offered = new URLSearchParams(place.location.hash.replace(/^#/, '')).get('token');
  if (offered !== null && offered !== '') {
    place.sessionStorage.setItem(KEY, offered);
    place.history.replaceState(null, '', place.location.pathname + place.location.search);
  }
  return place.sessionStorage.getItem(KEY);
}

/** Forgets a token that the server refused. */
export function forgetToken(place: TokenPlace): void {
  place.sessionStorage.removeItem(KEY);
}
