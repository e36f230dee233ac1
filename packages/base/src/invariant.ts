import { FaultError } from "./fault.ts";

/** Stops loudly when something that must hold does not. Stays on in production. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new FaultError("bug", "invariant", `This should never happen: ${message}`);
}

/** The value, which the caller knows to be there. */
export function present<T>(value: T | null | undefined, what: string): T {
  invariant(value !== null && value !== undefined, `${what} is missing`);
  return value;
}

/** For the default case of a switch over a closed set. */
export function unreachable(value: never, what: string): never {
  throw new FaultError("bug", "unreachable", `This should never happen: ${what} is ${String(value)}`);
}
