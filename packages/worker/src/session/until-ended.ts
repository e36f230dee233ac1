/** What comes in pieces, for as long as somebody takes them. */

/** The call may be over before the pieces are: a log that is followed has no end of its own. */
export async function* untilEnded<T>(pieces: AsyncIterable<T>, ended: AbortSignal): AsyncGenerator<T> {
  const iterator = pieces[Symbol.asyncIterator]();
  const over = Promise.withResolvers<{ readonly done: true; readonly value: undefined }>();
  ended.addEventListener("abort", () => over.resolve({ done: true, value: undefined }), { once: true });
  while (!ended.aborted) {
    const next = await Promise.race([iterator.next(), over.promise]);
    if (next.done === true) break;
    yield next.value;
  }
  // One that waits for its next line is ended by its own signal.
  if (ended.aborted) void iterator.return?.(undefined)?.catch(() => {});
}
