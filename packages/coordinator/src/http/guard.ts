/**
 * What is asked of every request before anything else looks at it: a page of somebody else's may not reach us through
 * a browser (foreign `Origin`, or a foreign `Host` by a name that resolves to loopback).
 */

import type { IncomingHttpHeaders } from "node:http";

const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** Without brackets, too. */
const withoutPort = (host: string): string => host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");

/**
 * Why the request is refused, or undefined.
 * @param isOurs of a public listener: whether it goes by this name or address
 */
export function foreignRequest(
  headers: IncomingHttpHeaders,
  isOurs?: (host: string) => boolean,
): string | undefined {
  const host = String(headers[":authority"] ?? headers.host ?? "");
  if (!loopbackHost.test(host)) {
    if (isOurs === undefined) return "this coordinator answers to loopback names only";
    if (!isOurs(withoutPort(host)))
      return "this coordinator does not answer to this name; --tls-name adds one";
  }
  const { origin } = headers;
  if (origin === undefined || origin === "null")
    return origin === undefined ? undefined : "the origin is not ours";
  return origin.replace(/^https?:\/\//, "") === host ? undefined : "the origin is not ours";
}
