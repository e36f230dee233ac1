/** What becomes of a session: tokens that are none, a coordinator that is away, silence, workers that turn up. */

import { FaultError } from "@haversack/base";
import type { ImageEvent, ImageList, WorkerChanges } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock, turns } from "../../../../tests/support/fake-clock.ts";
import { createStore } from "../store/store.ts";
import { engine, otherDigest, someImage, someWorker, workerId } from "../testing/images.ts";
import type { PageClient } from "./client.ts";
import { createPage } from "./page.ts";

const cut = new FaultError("unavailable", "connection_lost", "the connection to the coordinator broke");
const unknownToken = new FaultError("denied", "unauthenticated", "the token is not valid");

/** A stream that a test feeds; ends with its signal. */
function feed<T>() {
  const waiting: T[] = [];
  let wake = (): void => {};
  let failure: Error | undefined;
  return {
    push(value: T): void {
      waiting.push(value);
      wake();
    },
    fail(error: Error): void {
      failure = error;
      wake();
    },
    async *open(signal: AbortSignal): AsyncIterable<T> {
      signal.addEventListener("abort", () => wake());
      while (!signal.aborted) {
        for (const value of waiting.splice(0)) yield value;
        if (failure !== undefined) {
          const error = failure;
          failure = undefined;
          throw error;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

function setup(kept?: string) {
  const clock = new FakeClock();
  const storage = new Map<string, string>(kept === undefined ? [] : [["haversack-token", kept]]);
  const images = feed<ImageEvent>();
  const workers = feed<WorkerChanges>();
  const asked: string[] = [];
  const answers: { whoAmI: () => Promise<void>; pull: () => Promise<void> } = {
    whoAmI: async () => {},
    pull: async () => {},
  };
  const list: ImageList = { images: [someImage()], engines: new Map([[workerId, engine]]) };
  const client = (token: string): PageClient => ({
    async whoAmI() {
      asked.push(`whoAmI ${token}`);
      await answers.whoAmI();
      return { name: "me", role: "operator" };
    },
    async images() {
      asked.push("images");
      return list;
    },
    watchImages: (_asked, signal) => images.open(signal),
    watchWorkers: (_worker, signal) => workers.open(signal),
    async pullImage() {
      await answers.pull();
      return { resumed: false, image: someImage({ state: "queued" }) };
    },
    cancelImage: async () => someImage({ state: "cancelled" }),
    deployments: async () => [],
  });
  const store = createStore(clock);
  const outside = {
    clock,
    random: { fraction: () => 1 },
    storage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => void storage.set(key, value),
      removeItem: (key: string) => void storage.delete(key),
    },
    baseUrl: "http://127.0.0.1:1",
    isVisible: () => true,
    onVisible: () => () => {},
  };
  const page = createPage({ outside, store, createClient: (_url, token) => client(token) });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turns();
  };
  return { page, store, storage, images, workers, asked, answers, pass, clock };
}

describe("signing in", () => {
  test("with what is kept, and what a link brings counts more", async () => {
    const { page, asked, storage } = setup("old");
    page.start("new");
    await turns();
    expect([asked[0], storage.get("haversack-token")]).toEqual(["whoAmI new", "new"]);
  });

  test("a token that is none is forgotten", async () => {
    const { page, store, storage, answers } = setup("old");
    answers.whoAmI = async () => {
      throw unknownToken;
    };
    page.start(undefined);
    await turns();
    expect(store.state().session).toMatchObject({ kind: "signed-out", problem: expect.any(String) });
    expect(storage.size).toBe(0);
  });

  test("a coordinator that is away says nothing of the token: it is asked again", async () => {
    const { page, store, storage, answers, pass } = setup("old");
    answers.whoAmI = async () => {
      throw cut;
    };
    page.start(undefined);
    await turns();
    expect(store.state().session).toMatchObject({
      kind: "checking",
      problem: "The coordinator does not answer",
    });
    expect(storage.size).toBe(1);
    answers.whoAmI = async () => {};
    await pass(2000);
    expect(store.state().session.kind).toBe("signed-in");
  });

  test("signing out ends what runs and leaves nothing", async () => {
    const { page, store, storage, clock } = setup("old");
    page.start(undefined);
    await turns();
    page.signOut();
    await turns();
    clock.advance(1000);
    expect([store.state().session.kind, storage.size, clock.timers]).toEqual(["signed-out", 0, 0]);
  });
});

describe("following", () => {
  test("a broken stream keeps what is shown, then everything is asked for once and it is live again", async () => {
    const { page, store, images, asked, pass } = setup("t");
    page.start(undefined);
    await turns();
    images.push({ kind: "snapshot", image: someImage({ progress: { unit: "bytes", percent: 50 } }) });
    await turns();
    expect(store.state().link.kind).toBe("live");
    asked.length = 0;
    images.fail(cut);
    await turns();
    expect(store.state().link).toMatchObject({
      kind: "reconnecting",
      why: "The coordinator does not answer",
    });
    expect(store.state().images.size).toBe(1);
    await pass(500);
    expect([store.state().link.kind, asked]).toEqual(["live", ["images"]]);
  });

  test("the list is asked for again when a worker connects or an image is new, not for figures", async () => {
    const { page, workers, images, asked } = setup("t");
    page.start(undefined);
    await turns();
    asked.length = 0;
    workers.push({ complete: false, workers: [someWorker()] });
    await turns();
    expect(asked).toEqual(["images"]);
    workers.push({ complete: false, workers: [someWorker({ slotsUsed: 1 })] });
    images.push({ kind: "snapshot", image: someImage({ digest: otherDigest }) });
    await turns();
    expect(asked).toEqual(["images", "images"]);
  });

  test("silence is asked; without an answer it is a broken connection", async () => {
    const { page, store, asked, answers, pass } = setup("t");
    page.start(undefined);
    await turns();
    await pass(20_000);
    expect([asked.at(-1), store.state().link.kind]).toEqual(["whoAmI t", "live"]);
    answers.whoAmI = async () => {
      throw cut;
    };
    await pass(20_000);
    expect(store.state().link.kind).toBe("reconnecting");
  });

  test("a token that ended is told, and nothing is tried again", async () => {
    const { page, store, images, clock } = setup("t");
    page.start(undefined);
    await turns();
    images.fail(unknownToken);
    await turns();
    expect(store.state().session).toMatchObject({ problem: expect.stringContaining("not valid any more") });
    clock.advance(1000);
    expect(clock.timers).toBe(0);
  });
});

test("what the server refuses is told beside the worker, as what it is", async () => {
  const { page, store, answers } = setup("t");
  page.start(undefined);
  await turns();
  answers.pull = async () => {
    throw new FaultError("denied", "permissiondenied", "the role viewer may not");
  };
  page.pull(workerId);
  expect(store.state().asked.get(workerId)).toEqual({ verb: "pull" });
  await turns();
  expect(store.state().asked.get(workerId)?.problem).toBe("Not permitted: the role viewer may not");
  answers.pull = async () => {};
  page.pull(workerId);
  await turns();
  expect([store.state().asked.size, store.state().images.size]).toEqual([0, 1]);
});
