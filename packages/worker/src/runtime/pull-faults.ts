/**
 * What can go wrong with a pull, by the code that it has everywhere. Neither the status nor the text of an engine says it
 * for sure: the registry is asked first (`registry.ts`), and an engine's text is read only for what happens later.
 */

import { type Fault, FaultError } from "@haversack/base";

export type PullCode =
  | "auth"
  | "checksum"
  | "dns"
  | "http_5xx"
  | "import_failed"
  | "network"
  | "no_space"
  | "not_found"
  | "protocol"
  | "rate_limited"
  | "tls"
  | "truncated"
  | "wrong_platform";

const pullFaults = {
  auth: "denied",
  checksum: "corrupt",
  dns: "unavailable",
  http_5xx: "unavailable",
  import_failed: "corrupt",
  network: "unavailable",
  no_space: "busy",
  not_found: "missing",
  protocol: "corrupt",
  rate_limited: "busy",
  tls: "unavailable",
  truncated: "unavailable",
  wrong_platform: "corrupt",
} as const satisfies Record<PullCode, Fault>;

export class PullError extends FaultError {
  /** When the registry says that it may be asked again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: PullCode, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(pullFaults[code], code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** First match first: an error of an engine often quotes several others. */
const texts: readonly (readonly [RegExp, PullCode])[] = [
  [/no space left|disk quota exceeded/i, "no_space"],
  [
    /no matching manifest|no image found in (?:image index|manifest list)|does not match the (?:specified|expected) platform/i,
    "wrong_platform",
  ],
  [/toomanyrequests|too many requests|rate.?limit|\b429\b/i, "rate_limited"],
  [
    /verification failed|digest did not match|(?:digest|checksum|size) mismatch|corrupt input|invalid checksum|does not match (?:the )?(?:expected|config)|failed (?:size|digest) validation/i,
    "checksum",
  ],
  [/unexpected EOF|short read|connection reset|broken pipe|stream (?:closed|reset)/i, "truncated"],
  [/unauthorized|authentication required|access (?:to the resource is )?denied|denied:|\b40[13]\b/i, "auth"],
  [
    /\b50\d\b|service unavailable|bad gateway|gateway timeout|internal server error from registry/i,
    "http_5xx",
  ],
  [
    /manifest unknown|name unknown|blob unknown|repository .*not found|manifest .*not found|\b404\b/i,
    "not_found",
  ],
  [/no such host|name resolution|lookup .* on /i, "dns"],
  [/x509:|certificate|tls: |http: server gave HTTP response/i, "tls"],
  [
    /dial tcp|connection refused|i\/o timeout|no route to host|network is unreachable|deadline exceeded|\bEOF\b/i,
    "network",
  ],
  [/invalid tar header|unpack|archive\/tar|unsupported|failed to register layer/i, "import_failed"],
];

export function codeOfText(text: string): PullCode {
  return texts.find(([pattern]) => pattern.test(text))?.[1] ?? "import_failed";
}

/** @param said the engine's own words; they are shown, and shortened. */
export function pullError(ref: string, said: string, cause?: unknown): PullError {
  const message = `the container engine could not pull ${ref}: ${said.slice(0, 500)}`;
  return new PullError(codeOfText(said), message, { cause });
}
