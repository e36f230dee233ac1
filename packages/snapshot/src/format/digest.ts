/** SHA-256 names: 32 raw bytes in messages, `sha256:<64 hex digits>` in text. */

import { createHash, hash } from "node:crypto";
import { SnapshotError } from "../errors.ts";

const digestBytes = 32;
export const digestNameForm = /^sha256:([0-9a-f]{64})$/;

export function sha256(data: Uint8Array | string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** The name of these bytes: `sha256:<hex of their digest>`. */
export function digestOf(data: Uint8Array | string): string {
  return `sha256:${hash("sha256", data, "hex")}`;
}

/** The text form of a raw digest. */
export function digestName(digest: Uint8Array): string {
  if (digest.length !== digestBytes) {
    throw new SnapshotError(
      "snapshot_invalid",
      `a digest has ${digestBytes} bytes, this one ${digest.length}`,
    );
  }
  return `sha256:${Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("hex")}`;
}

/** The raw digest of a name. */
export function parseDigestName(text: string): Uint8Array {
  const hex = digestNameForm.exec(text)?.[1];
  if (hex === undefined) {
    throw new SnapshotError(
      "snapshot_invalid",
      `${JSON.stringify(text)} is not a digest: sha256:<64 hex digits>`,
    );
  }
  return new Uint8Array(Buffer.from(hex, "hex"));
}
