import { SnapshotError } from "../errors.ts";

/** The code of the SnapshotError that the call throws, or `accepted`; any other error is the test's failure. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof SnapshotError) return error.code;
    throw error;
  }
  return "accepted";
}
