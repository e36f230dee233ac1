/** What a join token may say, checked before it is made. */

import { FaultError } from "@haversack/base";
import { factLabels, poolLabel } from "./admission.ts";

export interface AskedJoinToken {
  readonly pool: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ttlMs: number;
  readonly uses: number;
}

const ttlMinMs = 1000;
const ttlMaxMs = 30 * 86_400_000;
const usesMax = 10_000;
const labelsMax = 32;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const valuePattern = /^[^\p{C}]{0,256}$/u;

/** Throws FaultError `invalid`. */
export function checkJoinToken({ pool, labels, ttlMs, uses }: AskedJoinToken): void {
  if (pool !== "" && !namePattern.test(pool)) throw bad(`pool: expected a name such as gpu`);
  if (ttlMs < ttlMinMs || ttlMs > ttlMaxMs) throw bad("ttl: expected a duration from 1s to 30d");
  if (!Number.isInteger(uses) || uses < 1 || uses > usesMax)
    throw bad(`uses: expected a whole number from 1 to ${usesMax}, found ${uses}`);
  if (Object.keys(labels).length > labelsMax) throw bad(`labels: at most ${labelsMax}`);
  for (const [name, value] of Object.entries(labels)) {
    if (name === poolLabel) throw bad("labels: the pool has an option of its own, --pool");
    if (factLabels.includes(name)) throw bad(`labels: ${name} is found out by the worker itself`);
    if (!namePattern.test(name) || !valuePattern.test(value))
      throw bad("labels: expected name=value such as zone=a, printable and at most 256 characters");
  }
}

const bad = (message: string): FaultError => new FaultError("invalid", "bad_option", message);
