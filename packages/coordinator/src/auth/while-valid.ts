/** A stream lasts as long as the credential that opened it: it is asked for again now and then. */

import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock, Ms } from "@haversack/base";

const lookEveryMs: Ms = 2_000;
/** The sessions of revoked workers are ended by the revocation itself, and workers are many. */
export const lookAtWorkersEveryMs: Ms = 30_000;

/** The same messages; rejects soon after `look` rejects with Unauthenticated, which is asked every so often. */
export async function* whileValid<T>(
  messages: AsyncIterable<T>,
  look: () => Promise<unknown>,
  clock: Clock,
  everyMs: Ms = lookEveryMs,
): AsyncIterable<T> {
  const source = messages[Symbol.asyncIterator]();
  const watch = watchCredential(look, clock, everyMs);
  try {
    for (;;) {
      const next = await watch.unlessOver(source.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    watch.stop();
    // Not awaited: it may wait for something that ends with this call.
    Promise.resolve(source.return?.()).catch(() => {});
  }
}

function watchCredential(look: () => Promise<unknown>, clock: Clock, everyMs: Ms) {
  let over: ConnectError | undefined;
  let stopped = false;
  let tell: (error: ConnectError) => void = () => {};
  const again = () => {
    look().then(wait, (error: unknown) => {
      // That it could not be asked says nothing about it.
      if (!(error instanceof ConnectError) || error.code !== Code.Unauthenticated) return wait();
      over = error;
      tell(error);
    });
  };
  let timer = clock.after(everyMs, again);
  const wait = (): void => {
    if (!stopped) timer = clock.after(everyMs, again);
  };
  return {
    /** A promise of its own each time: one for the whole stream would remember every message that it was raced with. */
    unlessOver: <R>(next: Promise<R>): Promise<R> =>
      new Promise((resolve, reject) => {
        if (over !== undefined) reject(over);
        tell = reject;
        next.then(resolve, reject);
      }),
    stop: (): void => {
      stopped = true;
      timer.cancel();
    },
  };
}
