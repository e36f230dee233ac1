/** Keeps a session up: dials, waits with full jitter, dials again, until it is told to stop or dialling is hopeless. */

import { fullJitter, type Ms, type Ports, pause } from "@haversack/base";
import { type DialOutcome, runSession, type SessionParts } from "./session.ts";

const floorMs: Ms = 500;
const capMs: Ms = 30_000;
/** While leases are held the worker hurries: they end. */
const capWhileHoldingMs: Ms = 3000;
/** A coordinator that accepts and drops must not be redialled at the floor for ever. */
const steadyAfterMs: Ms = 30_000;

/** Resolves when told to stop. Rejects when dialling again cannot help, with what to do. */
export async function superviseSession(parts: SessionParts, signal: AbortSignal): Promise<void> {
  let tries = 0;
  /** Addresses that were tried since one of them served. */
  let missed = 0;
  while (!signal.aborted) {
    const outcome = await runSession(parts, signal);
    if (signal.aborted) return;
    if (outcome.kind === "hopeless") throw outcome.error;
    if (outcome.kind === "retry") parts.connection.tryNext();
    missed = outcome.kind === "served" ? 0 : missed + 1;
    if (outcome.kind === "served" && outcome.heldForMs >= steadyAfterMs) tries = 0;
    // While there is an address that was not asked yet, there is no reason to wait longer.
    else if (missed % parts.connection.addresses === 0) tries += 1;
    const waitMs = delay(parts, outcome, tries);
    const fields = { why: outcome.why, waitMs, tries };
    if (outcome.kind === "served") parts.ports.log.warn(fields, "session ended, dialling again");
    else parts.ports.log.warn(fields, "the coordinator cannot be reached, dialling again");
    await wait(parts.ports, waitMs, signal);
  }
}

function delay(
  { ports, held }: SessionParts,
  outcome: Exclude<DialOutcome, { kind: "hopeless" }>,
  tries: number,
): Ms {
  const cap = held().length > 0 ? capWhileHoldingMs : capMs;
  return Math.max(outcome.retryAfterMs, fullJitter(ports.random, tries, floorMs, cap));
}

async function wait(ports: Ports, ms: Ms, signal: AbortSignal): Promise<void> {
  try {
    await pause(ports.clock, ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
