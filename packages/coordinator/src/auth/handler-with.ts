/** A handler of one method in front of another one: what the router knows of the method stays the same. */

import type { UniversalHandler } from "@connectrpc/connect/protocol";

type Call = (...args: Parameters<UniversalHandler>) => ReturnType<UniversalHandler>;

export function handlerWith(handler: UniversalHandler, call: Call): UniversalHandler {
  const { service, method, requestPath, protocolNames, allowedMethods, supportedContentType } = handler;
  const known = { service, method, requestPath, protocolNames, allowedMethods, supportedContentType };
  // A function of its own: the caller's stays as it is.
  return Object.assign(((request) => call(request)) satisfies Call, known);
}
