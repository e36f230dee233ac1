/**
 * The handful of ways in which something can go wrong. A fault says what a caller may do about it; the code names
 * the exact case for scripts, and the message tells a person what was wrong, where, and what to do.
 */

/** `invalid` the input · `missing` the thing named · `conflict` with what is stored · `fenced` the writer lost its right ·
 * `denied` the caller may not · `busy` try later, a limit is reached · `unavailable` try later, a peer is away ·
 * `corrupt` bytes are not what they claim · `cancelled` on request · `bug` ours. */
export type Fault =
  | "invalid"
  | "missing"
  | "conflict"
  | "fenced"
  | "denied"
  | "busy"
  | "unavailable"
  | "corrupt"
  | "cancelled"
  | "bug";

/** Whether the same call may succeed later, unchanged. */
export const worthRetrying = {
  invalid: false,
  missing: false,
  conflict: false,
  fenced: false,
  denied: false,
  busy: true,
  unavailable: true,
  corrupt: false,
  cancelled: false,
  bug: false,
} as const satisfies Record<Fault, boolean>;

/** The one error class that crosses package borders; each package derives its own from it. */
export class FaultError extends Error {
  readonly fault: Fault;
  /** Stable and lower case, such as `unknown_skill`. */
  readonly code: string;

  constructor(fault: Fault, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.fault = fault;
    this.code = code;
  }
}

/** The fault of anything that was thrown; what nobody classified is a bug. */
export function faultOf(error: unknown): Fault {
  return error instanceof FaultError ? error.fault : "bug";
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error such as `ENOENT`, else undefined. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
