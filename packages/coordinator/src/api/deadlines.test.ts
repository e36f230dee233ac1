import { Code, type UnaryRequest } from "@connectrpc/connect";
import { RunService, WorkerService } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { limitTime } from "./deadlines.ts";

type Next = Parameters<ReturnType<typeof limitTime>>[0];

function call(method: object, headers: Record<string, string> = {}) {
  const clock = new FakeClock();
  const client = new AbortController();
  let signal: AbortSignal | undefined;
  const answer = Promise.withResolvers<never>();
  const next: Next = (request) => {
    signal = request.signal;
    return answer.promise;
  };
  const request = {
    stream: (method as { methodKind: string }).methodKind !== "unary",
    method,
    header: new Headers(headers),
    signal: client.signal,
  } as unknown as UnaryRequest;
  const result = limitTime(clock)(next)(request);
  result.catch(() => {});
  return { clock, client, answer, result, signal: () => signal };
}

describe("a call without a deadline", () => {
  test.each([
    ["unary", RunService.method.get, 30_000],
    ["that reads a DAG", RunService.method.submit, 300_000],
    ["that streams", RunService.method.watch, 900_000],
  ])("%s ends after its time, and its work is told", async (_, method, ms) => {
    const { clock, result, signal } = call(method);
    clock.advance(ms - 1);
    expect(signal()?.aborted).toBe(false);
    clock.advance(1);
    expect(signal()?.aborted).toBe(true);
    await expect(result).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    expect(clock.timers).toBe(0);
  });

  test("that ends in time leaves no timer behind", async () => {
    const { clock, answer, result } = call(RunService.method.get);
    answer.resolve({ stream: false } as never);
    expect(await result).toEqual({ stream: false });
    expect(clock.timers).toBe(0);
  });

  test("still ends when its client goes away", () => {
    const { client, signal } = call(RunService.method.get);
    client.abort();
    expect(signal()?.aborted).toBe(true);
  });

  test("has none when it is a session", () => {
    const { clock } = call(WorkerService.method.session);
    expect(clock.timers).toBe(0);
  });
});

describe("a deadline", () => {
  test.each([
    [{ "grpc-timeout": "61S" }, 61_000],
    [{ "grpc-timeout": "2M" }, 120_000],
    [{ "connect-timeout-ms": "60001" }, 60_001],
  ])("that is too far away is refused: %j", async (headers, ms) => {
    await expect(call(RunService.method.get, headers).result).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining(`a deadline of ${ms} ms is too far away: at most 60000 ms`),
    });
  });

  test.each([{ "grpc-timeout": "60S" }, { "grpc-timeout": "5000m" }, { "connect-timeout-ms": "1" }])(
    "that there is is left to the library: %j",
    (headers) => {
      const { clock, signal } = call(RunService.method.get, headers);
      expect(clock.timers).toBe(0);
      expect(signal()).toBeDefined();
    },
  );
});

test("a stream that is over is told when somebody reads on", async () => {
  const { clock, answer, result } = call(RunService.method.watch);
  const messages = (async function* () {
    yield 1;
    yield 2;
  })();
  answer.resolve({ stream: true, message: messages } as never);
  const { message } = (await result) as unknown as { message: AsyncIterable<number> };
  const reader = message[Symbol.asyncIterator]();
  expect(await reader.next()).toEqual({ value: 1, done: false });
  clock.advance(900_000);
  await expect(reader.next()).rejects.toMatchObject({ code: Code.DeadlineExceeded });
});
