/** What is heard, in every order and as often as it may come, leaves a true picture. */

import { imageStates, type WorkerImage } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digest, engine, otherDigest, someImage, someWorker, workerId } from "../testing/images.ts";
import { type Heard, reduce } from "./reduce.ts";
import { firstState, imageKey, type State } from "./state.ts";

const after = (heard: readonly Heard[], state: State = firstState): State => heard.reduce(reduce, state);
const image = (image: WorkerImage): Heard => ({ kind: "image", image });
const shown = (state: State): WorkerImage | undefined => state.images.get(imageKey(someImage()));
const bytes = (done: number) => ({ unit: "bytes", done, total: 100, percent: done }) as const;

describe("images", () => {
  test("what is behind the times changes nothing, not even the object", () => {
    const state = after([image(someImage({ seq: 5, state: "ready" }))]);
    for (const seq of [1, 4, 5])
      expect(reduce(state, image(someImage({ seq, state: "failed" })))).toBe(state);
  });

  test("another process of the worker counts anew", () => {
    const state = after([
      image(someImage({ seq: 9, progress: bytes(80) })),
      image(someImage({ boot: 2, seq: 1, state: "queued", observedAt: 2000 })),
    ]);
    expect(shown(state)?.status.state).toBe("queued");
  });

  test("an operator's pull begins at 0 again, though its attempt is 1 again", () => {
    const state = after([
      image(someImage({ seq: 1, since: 1, progress: bytes(80) })),
      image(someImage({ seq: 2, since: 2, progress: bytes(3) })),
    ]);
    expect(shown(state)?.status.progress?.percent).toBe(3);
  });

  test("a bar that would go back within a try stands still; its rate goes on", () => {
    const state = after([
      image(someImage({ seq: 1, progress: bytes(80) })),
      image(someImage({ seq: 2, progress: { ...bytes(30), bytesPerSecond: 7 } })),
    ]);
    expect(shown(state)?.status).toMatchObject({ seq: 2, progress: { ...bytes(80), bytesPerSecond: 7 } });
  });

  test("a list drops what it lacks and does not undo what a stream told since", () => {
    const newer = someImage({ seq: 7, progress: bytes(50) });
    const gone = someImage({ digest: otherDigest });
    const list = {
      images: [someImage({ seq: 3, progress: bytes(10) })],
      engines: new Map([["w-1", engine]]),
    };
    const state = after([image(newer), image(gone), { kind: "images", list }]);
    expect([...state.images.values()]).toEqual([newer]);
    expect([state.engines.get(workerId), state.isComplete]).toEqual([engine, true]);
  });

  test("in whatever order events come: percent never goes back within a try, and the newest state stands", () => {
    const arbitrary = fc.array(
      fc.record({
        boot: fc.constant(1),
        seq: fc.integer({ min: 1, max: 30 }),
        attempt: fc.integer({ min: 1, max: 2 }),
        since: fc.integer({ min: 1, max: 2 }),
        state: fc.constantFrom(...imageStates),
        progress: fc.integer({ min: 0, max: 99 }).map(bytes),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(arbitrary, (all) => {
        let state = firstState;
        let before: WorkerImage | undefined;
        for (const each of all) {
          state = reduce(state, image(someImage(each)));
          const now = shown(state);
          const [a, b] = [before?.status, now?.status];
          expect(b?.seq ?? 0).toBeGreaterThanOrEqual(a?.seq ?? 0);
          if (a?.attempt === b?.attempt && a?.state === b?.state && a?.since === b?.since)
            expect(b?.progress?.percent ?? 0).toBeGreaterThanOrEqual(a?.progress?.percent ?? 0);
          before = now;
        }
        const last = Math.max(...all.map(({ seq }) => seq));
        const told = all.find(({ seq }) => seq === last);
        expect(shown(state)?.status).toMatchObject({ seq: last, state: told?.state });
      }),
    );
  });
});

describe("what is said", () => {
  const said = (...heard: readonly Heard[]): string => after(heard).said.at(-1)?.text ?? "";

  test("nothing of what was there at first", () => {
    expect(said(image(someImage({ progress: bytes(40) })))).toBe("");
  });

  test("each ten percent, once", () => {
    const first = image(someImage({ seq: 1, progress: bytes(8) }));
    expect(said(first, image(someImage({ seq: 2, progress: bytes(9) })))).toBe("");
    expect(said(first, image(someImage({ seq: 2, progress: bytes(23) })))).toBe("one: 20 percent");
    const state = after([first, image(someImage({ seq: 2, progress: bytes(23) }))]);
    expect(reduce(state, image(someImage({ seq: 3, progress: bytes(29) }))).said).toBe(state.said);
  });

  test("transitions, with what is to be known of them", () => {
    const first = image(someImage({ seq: 1 }));
    const failure = { code: "checksum", message: "it differs", hint: "" };
    expect(said(first, image(someImage({ seq: 2, state: "ready" })))).toBe("one: ready");
    expect(said(first, image(someImage({ seq: 2, state: "failed", failure })))).toBe(
      "one: failed, it differs",
    );
    expect(said(first, image(someImage({ seq: 2, state: "cancelled", cancelledBy: "me" })))).toBe(
      "one: cancelled by me",
    );
    expect(said(first, image(someImage({ lost: true, observedAt: 2000 })))).toBe("one: the worker is away");
  });
});

test("of what is said the last few stay", () => {
  const all = Array.from({ length: 9 }, (_, at) => image(someImage({ seq: at + 1, attempt: at + 1 })));
  const { said } = after(all);
  expect(said.map(({ no }) => no)).toEqual([4, 5, 6, 7, 8]);
});

test("workers: a whole fleet replaces, a change adds", () => {
  const other = someWorker({ id: "w-2" as typeof workerId });
  const state = after([
    { kind: "workers", changes: { complete: true, workers: [other] } },
    { kind: "workers", changes: { complete: true, workers: [someWorker()] } },
    { kind: "workers", changes: { complete: false, workers: [someWorker({ connected: false })] } },
  ]);
  expect([...state.workers.values()]).toEqual([someWorker({ connected: false })]);
});

test("a lost link keeps what is shown; signing out forgets it", () => {
  const link = { kind: "reconnecting", why: "gone", since: 1 } as const;
  const lost = after([image(someImage({ digest })), { kind: "link", link }]);
  expect([lost.images.size, lost.link]).toEqual([1, link]);
  const out = reduce(lost, { kind: "session", session: { kind: "signed-out" } });
  expect(out).toEqual({ ...firstState, session: { kind: "signed-out" } });
});
