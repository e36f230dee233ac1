/** Small checks that every decoder needs. A missing or senseless field is named in the error. */

import { FaultError } from "@haversack/base";

export function badField(field: string, expected: string): FaultError {
  return new FaultError("invalid", "bad_message", `${field}: expected ${expected}`);
}

export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw badField(field, "a value, found none");
  return value;
}

/** What became of a number or a word of an enumeration. */
export function known<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw badField(field, "a value that this version knows");
  return value;
}

/** A 64-bit number that JavaScript can hold exactly. */
export function safeNumber(value: bigint, field: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw badField(field, "a number below 2^53");
  return number;
}
