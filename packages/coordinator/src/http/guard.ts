/**
 * What is asked of every request before anything else looks at it: a page of somebody else's may not reach us through
 * a browser (foreign `Origin`, or a foreign `Host` by a name that resolves to loopback).
 */

import type { IncomingHttpHeaders } from "node:http";

const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** Why the request is refused, or undefined. */
export function foreignRequest(headers: IncomingHttpHeaders): string | undefined {
  const host = String(headers[":authority"] ?? headers.host ?? "");
  if (!loopbackHost.test(host)) return "this coordinator answers to loopback names only";
  const { origin } = headers;
  if (origin === undefined || origin === "null")
    return origin === undefined ? undefined : "the origin is not ours";
  return origin.replace(/^https?:\/\//, "") === host ? undefined : "the origin is not ours";
}
