/**
 * Whoever may not call is refused before the message is read: strangers make nobody parse anything. The call then goes on
 * with an empty message in place of its own, so that the refusal comes in the form of each protocol.
 */

import { type ConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { invariant } from "@haversack/base";
import { handlerWith } from "../auth/handler-with.ts";
import { methodName } from "../auth/permissions.ts";
import { type Door, decide } from "./authorize.ts";

/** @param router with all that is served: a method without a rule stops the start */
export function lookFirst(router: ConnectRouter, door: Door): void {
  for (const [at, handler] of router.handlers.entries()) {
    const name = methodName(handler.method);
    invariant(door.rules.has(name), `there is a rule for ${name}, which is served`);
    router.handlers[at] = guarded(handler, door);
  }
}

function guarded(handler: UniversalHandler, door: Door): UniversalHandler {
  return handlerWith(handler, async (request) => {
    const { header, contextValues = createContextValues() } = request;
    const { refusal } = await decide(door, { method: handler.method, header, contextValues });
    return await handler(refusal === undefined ? request : { ...request, ...emptied(request) });
  });
}

/** What no longer fits an empty message, and what else would be refused before the caller is. */
const ofTheMessage = [
  "content-length",
  "content-encoding",
  "grpc-encoding",
  "connect-content-encoding",
  "grpc-timeout",
  "connect-timeout-ms",
];

function emptied({ header: given }: UniversalServerRequest) {
  const header = new Headers(given);
  for (const name of ofTheMessage) header.delete(name);
  return { header, body: oneOf(emptyMessage(header.get("content-type") ?? "")) };
}

/** Of Connect unary calls the body is the message; of all others it stands behind a byte of flags and its length. */
function emptyMessage(type: string): Uint8Array {
  const message = type.includes("json") ? "{}" : "";
  if (!/^application\/(grpc|connect)/.test(type)) return Buffer.from(message);
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), Buffer.from(message)]);
}

async function* oneOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
