/** Where other coordinators of the same database reach this one, and to which addresses a caller's token may go. */

import { FaultError, isLoopback } from "@haversack/base";

/** `own`: the address of the listener, where others can use it. */
export type Advertised = { readonly kind: "own" | "off" } | { readonly kind: "url"; readonly url: string };

const everywhere = new Set(["0.0.0.0", "[::]"]);
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");

/** Over plain text to nobody but this machine. */
export const mayCarryToken = (url: URL): boolean =>
  url.protocol === "https:" || (url.protocol === "http:" && isLoopback(hostOf(url)));

/** @param text an URL, `off`, or empty: that of the listener. Throws FaultError `invalid`. */
export function parseAdvertised(text: string): Advertised {
  if (text === "") return { kind: "own" };
  if (text === "off") return { kind: "off" };
  const url = URL.parse(text);
  const isPlain = url !== null && url.href === `${url.origin}/` && /^https?:$/.test(url.protocol);
  if (url === null || !isPlain || everywhere.has(url.hostname))
    throw bad("expected an address such as https://c1.example:7420, or off", text);
  if (!mayCarryToken(url))
    throw bad("over http other coordinators would send tokens that everyone on the way reads: https", text);
  return { kind: "url", url: url.origin };
}

/** The name or address that this coordinator goes by, too. */
export function advertisedHost(advertised: Advertised): string | undefined {
  if (advertised.kind !== "url") return undefined;
  const host = hostOf(new URL(advertised.url));
  return isLoopback(host) ? undefined : host;
}

/** @param listener its URL, once it listens. Undefined: others do not reach it. */
export function ownAddress(advertised: Advertised, listener: string): string | undefined {
  if (advertised.kind === "url") return advertised.url;
  const url = new URL(listener);
  // Port 0 is one that is not known yet.
  if (advertised.kind === "off" || everywhere.has(url.hostname) || url.port === "0") return undefined;
  return mayCarryToken(url) ? url.origin : undefined;
}

const bad = (what: string, text: string): FaultError =>
  new FaultError("invalid", "bad_option", `advertise: ${what}, found ${JSON.stringify(text)}`);
