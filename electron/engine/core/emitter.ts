/** A typed event that announces that something changed. Flow of data uses calls, never this. */
export class Emitter<T> {
  readonly #listeners = new Set<(payload: T) => void>();

  /** Listens until the returned disposable is disposed. */
  on(listener: (payload: T) => void): Disposable {
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
      },
    };
  }

  emit(payload: T): void {
    for (const listener of [...this.#listeners]) listener(payload);
  }
}
