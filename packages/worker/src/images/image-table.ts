/**
 * What can happen at all to an image on a worker. Whatever is not in this table does not happen: the move is refused and
 * the image stays as it is, so that of two things which race (a cancellation and the last byte) exactly one wins.
 *
 *   absent ─asked→ queued ─granted→ resolving ─resolved→ downloading ─received→ verifying ─verified→ importing ─imported→ ready
 *
 * `unsupported` is left by nothing: another image has another digest and a record of its own.
 */

import { type ImageState, imageStatesInFlight } from "@haversack/protocol";

export const imageEvents = [
  /** Somebody wants it, and may. */
  "asked",
  /** It has its turn, the host's lock and the coordinator's permit. */
  "granted",
  /** A source answers with what is meant. */
  "resolved",
  /** All bytes are here already. */
  "held",
  /** The engine has it already. */
  "already",
  "received",
  /** The engine says that it has fetched it itself. */
  "pulled",
  "verified",
  /** The engine says so, asked by identity. */
  "imported",
  "fault",
  /** Time to try again. */
  "due",
  /** The worker stopped, or was killed, in the middle. */
  "restarted",
  "cancel",
  "found",
  "vanished",
  "evicted",
  /** A container of it did not run, or it is not what it claims to be. */
  "spoilt",
  /** The engine could not be asked. */
  "unanswered",
  /** The engine can be asked again, and does not have it. */
  "answered",
  /** Nothing on this worker fetches it by itself. */
  "barred",
] as const;
export type ImageHappening = (typeof imageEvents)[number];

export const imageMoves = {
  unknown: { asked: "queued", found: "ready", answered: "absent" },
  absent: { asked: "queued", found: "ready", unanswered: "unknown", barred: "disabled" },
  disabled: { asked: "queued", found: "ready", unanswered: "unknown" },
  unsupported: {},
  queued: { granted: "resolving", cancel: "cancelled" },
  resolving: {
    resolved: "downloading",
    held: "verifying",
    already: "ready",
    fault: "failed",
    restarted: "queued",
    cancel: "cancelled",
  },
  downloading: {
    received: "verifying",
    pulled: "importing",
    fault: "failed",
    restarted: "queued",
    cancel: "cancelled",
  },
  verifying: { verified: "importing", fault: "failed", restarted: "queued", cancel: "cancelled" },
  importing: { imported: "ready", fault: "failed", restarted: "queued", cancel: "cancelled" },
  ready: { vanished: "absent", evicted: "absent", spoilt: "failed", unanswered: "unknown" },
  failed: { asked: "queued", due: "queued", cancel: "cancelled", found: "ready" },
  cancelled: { asked: "queued", found: "ready" },
} as const satisfies Record<ImageState, Partial<Record<ImageHappening, ImageState>>>;

/** The state after the event, or undefined: it changes nothing in this state. */
export function imageAfter(state: ImageState, event: ImageHappening): ImageState | undefined {
  const moves: Partial<Record<ImageHappening, ImageState>> = imageMoves[state];
  return moves[event];
}

/** What a worker that starts makes of what it wrote down before: nothing is guessed, what was under way begins again. */
export function imageAtStart(state: ImageState): ImageState {
  return imageAfter(state, "restarted") ?? state;
}

/** A download, or what leads to one, is under way. */
export const isInFlight = (state: ImageState): boolean => imageStatesInFlight.has(state);
