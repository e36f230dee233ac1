/** Why a flight failed: a code that scripts may rely on, and what a person can do about it. */

import { type Fault, FaultError, messageOf } from "@haversack/base";
import { type FlightCode, flightCodes } from "@haversack/protocol";
import { PullError } from "../runtime/pull-faults.ts";

const known = {
  dns: ["unavailable", "look at the name in the image's address and at this host's resolver"],
  network: ["unavailable", "look at the way from this host to the image's server, and at HTTPS_PROXY"],
  tls: ["unavailable", "look at the server's certificate; NODE_EXTRA_CA_CERTS names authorities of your own"],
  stalled: ["unavailable", "the server stopped sending; it goes on from the same byte"],
  truncated: ["unavailable", "the connection ended early; it goes on from the same byte"],
  http_5xx: ["unavailable", "the server has a fault of its own; look there"],
  rate_limited: ["busy", "the server asks for patience; a mirror of your own would help"],
  runtime_unavailable: ["unavailable", "look whether the container engine runs; what was fetched is kept"],
  checksum: ["corrupt", "the mirror may be out of date, or something on the way changes the file"],
  protocol: ["invalid", "the address does not serve the file that images.json describes; look at it"],
  import_failed: ["corrupt", "look at the container engine's own log"],
  corrupt: ["corrupt", "the image cannot run here; publish it anew"],
  auth: ["denied", "give the worker credentials for that host in worker.json, then: haversack images pull"],
  not_found: ["missing", "look at the addresses in images.json, then: haversack images reload"],
  no_space: ["busy", "make room on that file system; it is fetched when there is some"],
} as const satisfies Record<FlightCode, readonly [Fault, string]>;

export class FlightFault extends FaultError {
  readonly flightCode: FlightCode;
  readonly hint: string;
  /** What the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: FlightCode, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    const [fault, hint] = known[code];
    super(fault, code, message, options);
    this.flightCode = code;
    this.hint = hint;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What an engine or a file system threw, as a fault of the flight. Errors of ours stay what they are. */
export function flightFaultOf(error: unknown, otherwise: FlightCode): FlightFault {
  if (error instanceof FlightFault) return error;
  const told = error instanceof PullError && error.retryAfterMs !== undefined;
  const later = told ? { retryAfterMs: error.retryAfterMs } : {};
  return new FlightFault(codeOf(error) ?? otherwise, plain(messageOf(error)), { cause: error, ...later });
}

function codeOf(error: unknown): FlightCode | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) return "no_space";
  if (!(error instanceof FaultError)) return undefined;
  const named = flightCodes.find((code) => code === error.code);
  if (named !== undefined) return named;
  if (error.fault === "unavailable") return "runtime_unavailable";
  if (error.fault === "denied") return "auth";
  if (error.fault === "missing") return "not_found";
  if (error.fault === "corrupt") return "corrupt";
  return undefined;
}

const messageMax = 500;

/** Texts of others are shown to people: no control characters, no queries of addresses (they may be signed), no end. */
export function plain(text: string): string {
  return text
    .replaceAll(/(https?:\/\/[^\s?#"']*)[?#][^\s"']*/g, "$1")
    .replaceAll(/(https?:\/\/)[^\s/@"']*@/g, "$1")
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, messageMax);
}
