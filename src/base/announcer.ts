/**
 * A lower floor announces, `service/compose.ts` subscribes the upper one: no upward imports.
 *
 * A listener that throws is reported to `onError` and does not keep the others from hearing.
 */
export class Announcer<Announcement> {
  readonly #listeners = new Set<(announcement: Announcement) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (announcement: Announcement) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(announcement: Announcement): void {
    for (const listener of this.#listeners) {
      try {
        listener(announcement)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
