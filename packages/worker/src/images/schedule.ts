/** When a flight that failed is tried again, by the code of its failure. Pure. */

import { fullJitter, type Ms, type Random } from "@haversack/base";
import type { FlightCode } from "@haversack/protocol";

/** How often it was tried again since somebody asked. What an operator asks for begins at nothing. */
export interface Tries {
  /** After faults of the way. */
  readonly transient: number;
  /** After faults that the next try hardly mends. */
  readonly doubtful: number;
}

export const noTries: Tries = { transient: 0, doubtful: 0 };

export interface AfterFailure {
  /** It is tried again by itself; absent: it is not. */
  readonly retryInMs?: Ms;
  /** Whether there is room is looked at so often; it is tried again when there is. */
  readonly lookEveryMs?: Ms;
  /** A deploy that asks earlier does not begin it again; an operator does. */
  readonly pauseMs: Ms;
  readonly tries: Tries;
}

type Kind = "transient" | "doubtful" | "told" | "probe" | "final" | "room";

const kinds = {
  dns: "transient",
  network: "transient",
  tls: "transient",
  stalled: "transient",
  truncated: "transient",
  http_5xx: "transient",
  rate_limited: "told",
  runtime_unavailable: "probe",
  checksum: "doubtful",
  protocol: "doubtful",
  import_failed: "doubtful",
  corrupt: "doubtful",
  auth: "final",
  not_found: "final",
  no_space: "room",
} as const satisfies Record<FlightCode, Kind>;

const firstRetryMs = 10_000;
const longestRetryMs = 600_000;
const transientMax = 5;
const doubtfulMax = 1;
export const pauseMs = 3_600_000;
/** Of a server that says when, and says too much. */
const toldMaxMs = 3_600_000;
const toldWithoutTimeMs = 60_000;
export const lookEveryMs = 60_000;

/** @param probeMs when the engine is asked again */
export function afterFailure(
  failure: { readonly code: FlightCode; readonly retryAfterMs?: number | undefined },
  tries: Tries,
  random: Random,
  probeMs: Ms,
): AfterFailure {
  switch (kinds[failure.code]) {
    case "transient": {
      const next = { ...tries, transient: tries.transient + 1 };
      if (tries.transient >= transientMax) return { pauseMs, tries: next };
      const retryInMs = fullJitter(random, tries.transient, firstRetryMs, longestRetryMs);
      return { retryInMs, pauseMs, tries: next };
    }
    case "doubtful": {
      const next = { ...tries, doubtful: tries.doubtful + 1 };
      if (tries.doubtful >= doubtfulMax) return { pauseMs, tries: next };
      return { retryInMs: fullJitter(random, 0, firstRetryMs, longestRetryMs), pauseMs, tries: next };
    }
    case "told": {
      const retryInMs = Math.min(toldMaxMs, Math.max(1000, failure.retryAfterMs ?? toldWithoutTimeMs));
      return { retryInMs, pauseMs, tries };
    }
    case "probe":
      return { retryInMs: probeMs, pauseMs, tries };
    case "final":
      return { pauseMs, tries };
    case "room":
      return { lookEveryMs, pauseMs, tries };
  }
}

const firstProbeMs = 5000;
const longestProbeMs = 60_000;

/** How long after the n-th question without an answer the engine is asked again; 0: the last one was answered. */
export const probeAfterMs = (unanswered: number): Ms =>
  unanswered === 0
    ? longestProbeMs
    : Math.min(longestProbeMs, firstProbeMs * 2 ** Math.min(unanswered - 1, 10));
