/**
 * What the server pushes, as long as somebody is signed in: images and workers, two streams that stand and fall together.
 * Each time they begin, the whole of it is asked for once; so also when a worker or an image turns up that is not in it.
 */

import { type Ms, pause } from "@haversack/base";
import { imageKey } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { isUnauthenticated, type PageClient, problemText } from "./client.ts";
import { keepOpen } from "./keep-open.ts";
import type { Outside } from "./outside.ts";

/** After so much silence the server is asked for a sign of life: a cut that nobody told of looks like silence. */
const quietMaxMs: Ms = 20_000;
const answerMaxMs: Ms = 10_000;

export interface FollowParts {
  readonly outside: Outside;
  readonly store: Store;
  readonly client: PageClient;
  /** The token is none any more. */
  readonly onSignedOut: () => void;
}

/** Never rejects. Ends with the signal, or when the token is none any more. */
export async function follow(parts: FollowParts, signal: AbortSignal): Promise<void> {
  const { outside, store, onSignedOut } = parts;
  store.tell({ kind: "link", link: { kind: "connecting" } });
  await keepOpen(
    {
      ...outside,
      connect: (isOpen, inner) => connectOnce(parts, isOpen, inner),
      isHopeless: isUnauthenticated,
      onBroken(error) {
        if (isUnauthenticated(error)) onSignedOut();
        else store.tell({ kind: "link", link: broken(store, outside.clock.now(), problemText(error)) });
      },
    },
    signal,
  );
}

/** The first break counts: since then the figures stand still. */
function broken(store: Store, now: number, why: string) {
  const { link } = store.state();
  return { kind: "reconnecting", why, since: link.kind === "reconnecting" ? link.since : now } as const;
}

async function connectOnce(parts: FollowParts, isOpen: () => void, signal: AbortSignal): Promise<void> {
  const { store, client, outside } = parts;
  const ending = new AbortController();
  const inner = AbortSignal.any([signal, ending.signal]);
  const quiet = { heardAt: outside.clock.monotonic() };
  const heard = (): void => {
    quiet.heardAt = outside.clock.monotonic();
  };
  const look = lookAgain(parts, inner);
  try {
    await look();
    store.tell({ kind: "link", link: { kind: "live" } });
    isOpen();
    await Promise.race([
      followImages(parts, { heard, look }, inner),
      followWorkers(parts, { heard, look }, inner),
      watchSilence(outside, quiet, async (signal) => void (await client.whoAmI(signal)), inner),
    ]);
  } finally {
    ending.abort();
  }
}

interface Ears {
  readonly heard: () => void;
  /** Asks for the whole of it. */
  readonly look: () => Promise<void>;
}

async function followImages({ store, client }: FollowParts, { heard, look }: Ears, signal: AbortSignal) {
  for await (const { image } of client.watchImages({ worker: "", ref: "", untilEnd: false }, signal)) {
    heard();
    const isNew = !store.state().images.has(imageKey(image));
    store.tell({ kind: "image", image });
    if (isNew) await look();
  }
}

async function followWorkers({ store, client }: FollowParts, { heard, look }: Ears, signal: AbortSignal) {
  for await (const changes of client.watchWorkers(undefined, signal)) {
    heard();
    const { workers: before } = store.state();
    store.tell({ kind: "workers", changes });
    // Which engine it has, and what of images, is told by the list.
    if (changes.workers.some(({ id, connected }) => connected !== before.get(id)?.connected)) await look();
  }
}

/** One question at a time; who asks meanwhile is answered by one more. */
function lookAgain({ store, client }: FollowParts, signal: AbortSignal): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    store.tell({ kind: "images", list: await client.images("", signal) });
  };
  const look = (): Promise<void> => {
    if (running === undefined) {
      running = ask().finally(() => {
        running = undefined;
      });
      return running;
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return look();
      });
    return next;
  };
  return look;
}

/** Rejects when silence was asked and did not answer. */
async function watchSilence(
  { clock }: Outside,
  quiet: { heardAt: Ms },
  ask: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const left = quiet.heardAt + quietMaxMs - clock.monotonic();
    if (left > 0) {
      await pause(clock, left, signal);
      continue;
    }
    const late = new AbortController();
    const timer = clock.after(answerMaxMs, () => late.abort());
    try {
      await ask(AbortSignal.any([signal, late.signal]));
    } finally {
      timer.cancel();
    }
    quiet.heardAt = clock.monotonic();
  }
}
