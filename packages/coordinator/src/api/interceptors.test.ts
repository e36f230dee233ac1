import {
  ConnectError,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
} from "@connectrpc/connect";
import { silentLog } from "@haversack/base";
import { expect, test } from "vitest";
import { mapErrors } from "./interceptors.ts";

/** What the log has of a stream that ends with the error. */
async function loggedOf(error: Error): Promise<unknown[]> {
  const logged: unknown[] = [];
  const log = { ...silentLog, error: (_fields: object, message: string) => void logged.push(message) };
  async function* failing(): AsyncGenerator<never> {
    yield* [];
    throw error;
  }
  const response = { stream: true, message: failing() } as unknown as StreamResponse;
  const request = { stream: true, method: { name: "Session" } } as unknown as StreamRequest | UnaryRequest;
  const { message } = (await mapErrors(log)(async () => response)(request)) as StreamResponse;
  await expect(message[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(ConnectError);
  return logged;
}

test("a caller that went away is no failure; what nobody classified is one", async () => {
  const gone = Object.assign(new Error("The stream has been destroyed"), {
    code: "ERR_HTTP2_INVALID_STREAM",
  });
  expect(await loggedOf(gone)).toEqual([]);
  expect(await loggedOf(new Error("broken"))).toEqual(["call failed"]);
});
