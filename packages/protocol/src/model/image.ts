/** Images on workers: what a worker says of one, and what the publisher says of the base image. */

import type { Digest } from "./ids.ts";

export const imageArches = ["x64", "arm64"] as const;
export type ImageArch = (typeof imageArches)[number];

export const imageStates = [
  "unknown",
  "absent",
  "disabled",
  "unsupported",
  "queued",
  "resolving",
  "downloading",
  "verifying",
  "importing",
  "ready",
  "failed",
  "cancelled",
] as const;
export type ImageState = (typeof imageStates)[number];

/** A flight is under way. */
export const imageStatesInFlight: ReadonlySet<ImageState> = new Set([
  "queued",
  "resolving",
  "downloading",
  "verifying",
  "importing",
]);

export interface ImageStatus {
  /** Of the base image: the file for the worker's architecture and engine. Of a reference: what it pins. */
  readonly digest: Digest;
  /** `base`, or a reference by digest. */
  readonly ref: string;
  /** Of the base image. */
  readonly stamp?: string;
  readonly arch?: ImageArch;
  readonly state: ImageState;
  /** For people, of `queued`, `unknown`, `disabled` and `unsupported`. */
  readonly why?: string;
  /** 1 for the first try since somebody asked; 0: nobody has. */
  readonly attempt: number;
  readonly method?: "import" | "pull";
  readonly cause?: ImageCause;
  /** What asked for it, such as `RUN/STEP`; at most 16. */
  readonly asked: readonly string[];
  readonly progress?: ImageProgress;
  /** Of `failed`. */
  readonly failure?: ImageFailure;
  /** Of `cancelled`. */
  readonly cancelledBy?: string;
  /** Grows with each transition and each progress of the worker's process. */
  readonly seq: number;
  /** When the state began, by the worker's clock, in milliseconds since 1970. */
  readonly since: number;
}

export type ImageCause = "deploy" | "operator" | "eager";

/** `done` never shrinks within an attempt. */
export interface ImageProgress {
  readonly unit: "none" | "bytes" | "layers";
  readonly done?: number;
  readonly total?: number;
  /** Of the download, at most 99. */
  readonly percent?: number;
  readonly bytesPerSecond?: number;
  readonly etaSeconds?: number;
}

/** Why a flight failed. */
export const flightCodes = [
  "dns",
  "network",
  "tls",
  "stalled",
  "truncated",
  "http_5xx",
  "rate_limited",
  "runtime_unavailable",
  "checksum",
  "protocol",
  "import_failed",
  "corrupt",
  "auth",
  "not_found",
  "no_space",
] as const;
export type FlightCode = (typeof flightCodes)[number];

export interface ImageFailure {
  /** Stable: one of {@link flightCodes}, or that of a later version. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Milliseconds since 1970; absent: not tried again by itself. */
  readonly retryAt?: number;
}
