/** Pieces handed from one who writes to one who reads, one at a time: who writes waits until a piece was taken. */

export class Handoff<T> {
  #piece: { readonly value: T; readonly taken: () => void } | undefined;
  #arrived = Promise.withResolvers<void>();
  #end: { readonly error?: unknown } | undefined;
  readonly #closed = Promise.withResolvers<void>();

  /** Nobody reads any more, or nothing comes any more. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Resolves when the piece was taken, or nobody will. Only one call at a time. */
  async push(value: T): Promise<void> {
    if (this.#end !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#piece = { value, taken: resolve };
    this.#arrived.resolve();
    await Promise.race([promise, this.#closed.promise]);
  }

  /** The first end counts. @param error why; absent: there is no more */
  end(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    this.#closed.resolve();
    this.#arrived.resolve();
  }

  /** Rejects with what it was ended with, after the last piece. */
  async *pieces(): AsyncIterable<T> {
    for (;;) {
      const piece = this.#piece;
      if (piece !== undefined) {
        this.#piece = undefined;
        piece.taken();
        yield piece.value;
      } else if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      } else {
        this.#arrived = Promise.withResolvers<void>();
        await this.#arrived.promise;
      }
    }
  }
}
