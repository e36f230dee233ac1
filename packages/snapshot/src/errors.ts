/** The one error class of this package, and what each code asks of its caller. */

import { type Fault, FaultError } from "@haversack/base";

/**
 * `snapshot_corrupt`: the bytes are not what they claim; fetched again once, then the attempt fails.
 * `snapshot_hostile`: made to harm a reader; never fetched again, counted and alerted.
 * `snapshot_too_large`: over a limit of `limits.ts`. `snapshot_invalid`: intact, but not a v1 pack.
 * `snapshot_version_unsupported`: a version or a feature that this reader does not know; handed back, uncounted.
 */
export type SnapshotErrorCode =
  | "snapshot_corrupt"
  | "snapshot_hostile"
  | "snapshot_too_large"
  | "snapshot_invalid"
  | "snapshot_version_unsupported"
  | "key_like_string"
  | "bad_path"
  | "read_only_store"
  | "not_in_snapshot";

const faults = {
  snapshot_corrupt: "corrupt",
  snapshot_hostile: "invalid",
  snapshot_too_large: "invalid",
  snapshot_invalid: "invalid",
  snapshot_version_unsupported: "invalid",
  key_like_string: "invalid",
  bad_path: "invalid",
  read_only_store: "denied",
  not_in_snapshot: "missing",
} as const satisfies Record<SnapshotErrorCode, Fault>;

export class SnapshotError extends FaultError {
  constructor(code: SnapshotErrorCode, message: string, options?: ErrorOptions) {
    super(faults[code], code, message, options);
  }
}

/** A write to a store that was hydrated from a snapshot. */
export class ReadOnlyStoreError extends SnapshotError {
  readonly store: string;
  readonly method: string;

  constructor(store: string, method: string) {
    super(
      "read_only_store",
      `the ${store} store comes from a snapshot and cannot be written (${method}); edit the agent library on the coordinator`,
    );
    this.store = store;
    this.method = method;
  }
}

/** An id that the snapshot does not hold; there is nowhere else to look. */
export class NotInSnapshotError extends SnapshotError {
  readonly store: string;
  readonly id: string;
  readonly available: readonly string[];

  constructor(store: string, id: string, available: readonly string[]) {
    const held = available.length === 0 ? "none" : available.join(", ");
    super("not_in_snapshot", `the snapshot has no ${store} ${JSON.stringify(id)}; it holds ${held}`);
    this.store = store;
    this.id = id;
    this.available = available;
  }
}
