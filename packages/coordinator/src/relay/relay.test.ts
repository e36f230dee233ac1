import { createContextValues, type HandlerContext, type Transport } from "@connectrpc/connect";
import { parseWorkerId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { FakeClock, until } from "../../../../tests/support/fake-clock.ts";
import type { WorkerPlace } from "../store/verbs/worker-verbs.ts";
import { passing, type RelayParts } from "./relay.ts";

const own = "https://one.example:7420";
const other = "https://two.example:7420";
const id = parseWorkerId("w");

function world(more: Partial<RelayParts["store"]> = {}) {
  const clock = new FakeClock();
  const seen = { place: { id, name: "w", connectedAt: 1 } as WorkerPlace, looks: 0, reached: [] as string[] };
  const relay = passing({
    store: {
      read: {
        workerPlace: async () => {
          seen.looks += 1;
          return seen.place;
        },
      },
      shared: { now: async () => clock.now(), others: true },
      ...more,
    },
    registry: { get: () => undefined },
    peers: {
      reach: async (url) => {
        seen.reached.push(url);
        return {} as Transport;
      },
    },
    clock,
    own: () => own,
    stopping: new AbortController().signal,
  });
  const caller = new AbortController();
  const context = {
    signal: caller.signal,
    values: createContextValues(),
    requestHeader: new Headers({ authorization: "Bearer t" }),
    timeoutMs: () => 1234,
  } as unknown as HandlerContext;
  return { clock, seen, relay, caller, asked: { worker: "w", context, elseHere: true } };
}

async function* untilAborted(said: string, signal: AbortSignal | undefined): AsyncIterable<string> {
  yield said;
  await new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
}

test("a stream about a worker that was nowhere follows it to the coordinator that it dials", async () => {
  const { clock, seen, relay, caller, asked } = world();
  const said: string[] = [];
  const read = async (): Promise<void> => {
    const stream = relay.stream(
      asked,
      ({ options }) => {
        const headers = new Headers(options.headers);
        expect([headers.get("authorization"), headers.get("haversack-passed-on")]).toEqual(["Bearer t", "1"]);
        expect(options.timeoutMs).toBe(1234);
        return untilAborted("there", options.signal);
      },
      (signal) => untilAborted("here", signal),
    );
    for await (const text of stream) said.push(text);
  };
  const reading = read();
  await until(() => said.length === 1 && clock.nextIn !== undefined);
  clock.advance(5000);
  await until(() => seen.looks === 2 && clock.nextIn !== undefined);
  seen.place = { ...seen.place, connectedAt: 2, url: other };
  clock.advance(5000);
  await until(() => said.length === 2);
  expect([said, seen.reached]).toEqual([["here", "there"], [other]]);
  caller.abort();
  await reading;
});

test("where there are no other coordinators nothing is looked up, and a header changes nothing", async () => {
  const { seen, relay, asked } = world({ shared: undefined as never });
  asked.context.requestHeader.set("haversack-passed-on", "1");
  const there = () => Promise.reject(new Error("nobody is there"));
  expect(await relay.once(asked, there, async () => "here")).toBe("here");
  expect(seen.looks).toBe(0);
});
