/**
 * Any coordinator of a database answers for any worker: a call about one that is connected to another coordinator is
 * passed on there, once, as it came, with the caller's own token, which is looked at again.
 *
 *   way       who answers, pure            peers     connections to the others
 *   answer    what an error means          address   where others reach a coordinator
 */

import type { CallOptions, HandlerContext, Transport } from "@connectrpc/connect";
import { type Clock, FaultError, messageOf, pause } from "@haversack/base";
import { doneElsewhereKey } from "../auth/caller.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";
import type { WorkerPlace } from "../store/verbs/worker-verbs.ts";
import { brokeOff, type Far, heard, notHere, unknownThere, unreachable } from "./answer.ts";
import type { Peers } from "./peers.ts";
import { type Way, wayOf } from "./way.ts";

export interface RelayParts {
  readonly store: { readonly read: Pick<Store["read"], "workerPlace"> } & Pick<Store, "shared">;
  readonly registry: Pick<WorkerRegistry, "get">;
  readonly peers: Pick<Peers, "reach">;
  readonly clock: Clock;
  /** Where others reach this coordinator; undefined: nowhere. */
  readonly own: () => string | undefined;
  /** Fires when the coordinator stops. */
  readonly stopping: AbortSignal;
}

export interface Question {
  /** An id, or a name. */
  readonly worker: string;
  readonly context: HandlerContext;
  /** What is known here is an answer, too: it is given when the other coordinator gives none. */
  readonly elseHere: boolean;
}

/** The other coordinator, and with what it is called. */
export interface Passage {
  readonly transport: Transport;
  readonly options: CallOptions;
}

export interface Relay {
  once<T>(asked: Question, there: (to: Passage) => Promise<T>, here: () => Promise<T>): Promise<T>;
  /** With `elseHere` it goes on, wherever the worker connects to. */
  stream<T>(
    asked: Question,
    there: (to: Passage) => AsyncIterable<T>,
    here: (signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncIterable<T>;
}

interface Found {
  readonly way: Way;
  /** The worker has a session here, too: an old one, or the other coordinator's is. */
  readonly isHere: boolean;
  readonly place: WorkerPlace | undefined;
}

const passedOnHeader = "haversack-passed-on";
/** Between two looks at whether a worker that is watched from afar has dialled somebody else. */
const lookAgainMs = 5000;
const isPassedOn = ({ context }: Pick<Question, "context">): boolean =>
  context.requestHeader.has(passedOnHeader);
/** Another one after each hello. */
const placeKey = (place: WorkerPlace | undefined): string => `${place?.connectedAt} ${place?.url}`;

export const passing = (parts: RelayParts): Relay =>
  parts.store.shared === undefined ? alone : new Passing(parts);

/** There are no others. */
const alone: Relay = {
  once: async (_asked, _there, here) => await here(),
  stream: (asked, _there, here) => here(asked.context.signal),
};

class Passing implements Relay {
  readonly #parts: RelayParts;

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  async once<T>(asked: Question, there: (to: Passage) => Promise<T>, here: () => Promise<T>): Promise<T> {
    const { way, isHere, place } = await this.#find(asked);
    if (way.kind !== "there") return await here();
    const far = { worker: place?.name ?? asked.worker, url: way.url };
    try {
      const answer = await there(await this.#passage(asked, far, []));
      asked.context.values.set(doneElsewhereKey, true);
      return answer;
    } catch (error) {
      const failure = failureOf(error, asked, far);
      if (failure === undefined || (isHere && error instanceof FaultError)) return await here();
      throw failure;
    }
  }

  async *stream<T>(
    asked: Question,
    there: (to: Passage) => AsyncIterable<T>,
    here: (signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    const { signal } = asked.context;
    let before: WorkerPlace | undefined;
    for (;;) {
      const found = await this.#find(asked);
      const { way, place } = found;
      const wasTried = asked.elseHere && placeKey(place) === placeKey(before);
      if (way.kind === "there" && !wasTried) {
        const far = { worker: place?.name ?? asked.worker, url: way.url };
        if ((yield* this.#streamThere(asked, far, there)) === "over") return;
        before = place;
      } else if (asked.elseHere) {
        const watch = this.#whileHere(asked, found);
        try {
          yield* here(AbortSignal.any([signal, watch.moved]));
        } finally {
          watch.stop();
        }
        if (signal.aborted || !watch.moved.aborted) return;
        if (isPassedOn(asked)) throw notHere(place?.name ?? asked.worker);
      } else return yield* here(signal);
    }
  }

  /** `broken`: whatever is known here goes on. Rejects where that is no answer. */
  async *#streamThere<T>(
    asked: Question,
    far: Far,
    there: (to: Passage) => AsyncIterable<T>,
  ): AsyncGenerator<T, "over" | "broken"> {
    const { values, signal } = asked.context;
    const { stopping } = this.#parts;
    const ending = new AbortController();
    try {
      yield* there(await this.#passage(asked, far, [ending.signal, stopping]));
      values.set(doneElsewhereKey, true);
      return "over";
    } catch (error) {
      if (signal.aborted || stopping.aborted) return "over";
      const failure = failureOf(error, asked, far);
      if (failure !== undefined) throw failure;
      return "broken";
    } finally {
      ending.abort();
    }
  }

  /** Throws FaultError `unavailable` when it was passed on and the worker is not here. */
  async #find({ worker, context }: Question): Promise<Found> {
    const { store, registry, own } = this.#parts;
    const place = await store.read.workerPlace({ worker });
    const isHere = place !== undefined && registry.get(place.id) !== undefined;
    const wasPassedOn = isPassedOn({ context });
    const way = wayOf({ place, own: own(), isHere, wasPassedOn });
    if (way.kind === "refuse") throw notHere(place?.name ?? worker);
    return { way, isHere, place };
  }

  /** @param ends what ends the call besides its caller */
  async #passage({ context }: Question, far: Far, ends: readonly AbortSignal[]): Promise<Passage> {
    const transport = await this.#parts.peers.reach(far.url).catch((error: unknown) => {
      throw unreachable(far, messageOf(error));
    });
    const headers = new Headers({ [passedOnHeader]: "1" });
    const authorization = context.requestHeader.get("authorization");
    if (authorization !== null) headers.set("authorization", authorization);
    const timeoutMs = context.timeoutMs();
    const signal = AbortSignal.any([context.signal, ...ends]);
    return { transport, options: { headers, signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) } };
  }

  /** `moved` fires when the answer is somebody else's from now on. */
  #whileHere({ worker, context }: Question, { place }: Found) {
    const moved = new AbortController();
    if (isPassedOn({ context })) {
      // Who passed it on finds out where the worker is.
      const link = place === undefined ? undefined : this.#parts.registry.get(place.id);
      return { moved: link?.ended ?? moved.signal, stop: () => {} };
    }
    const stopped = new AbortController();
    const over = AbortSignal.any([stopped.signal, this.#parts.stopping]);
    this.#untilMoved(worker, place, over).then(
      () => moved.abort(),
      () => {},
    );
    return { moved: moved.signal, stop: () => stopped.abort() };
  }

  /** Rejects when nobody waits for it any more. */
  async #untilMoved(worker: string, before: WorkerPlace | undefined, signal: AbortSignal): Promise<void> {
    const { clock, store, own } = this.#parts;
    for (;;) {
      await pause(clock, lookAgainMs, signal);
      const place = await store.read.workerPlace({ worker }).catch(() => before);
      const isElsewhere = place?.url !== undefined && place.url !== own();
      if (isElsewhere && placeKey(place) !== placeKey(before)) return;
    }
  }
}

/** What the caller is told; undefined: nothing, for what is known here is the answer. */
function failureOf(error: unknown, { context, elseHere }: Question, far: Far): Error | undefined {
  if (error instanceof FaultError) return elseHere ? undefined : error;
  const answer = heard(error);
  if (answer.kind === "word") {
    context.values.set(doneElsewhereKey, true);
    return answer.error;
  }
  if (elseHere) return undefined;
  return answer.kind === "stranger" ? unknownThere(far) : brokeOff(far, answer.why);
}
