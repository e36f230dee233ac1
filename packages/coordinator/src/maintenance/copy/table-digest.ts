/**
 * The digest of the rows of a table, in whatever order they come: two engines need not sort alike. Each row is hashed, with
 * the types and the lengths of its values, and the hashes are added up.
 */

import { createHash } from "node:crypto";
import { FaultError } from "@haversack/base";

export interface TableSum {
  readonly rows: number;
  /** 64 hex digits. */
  readonly digest: string;
}

const modulus = 1n << 256n;

export class TableDigest {
  #rows = 0;
  #sum = 0n;

  /** @param values in the order of the table's columns */
  add(values: readonly unknown[]): void {
    const hash = createHash("sha256");
    for (const value of values) {
      const bytes = bytesOf(value);
      hash.update(bytes === undefined ? "n" : `${kindOf(value)}${bytes.length}:`);
      if (bytes !== undefined) hash.update(bytes);
    }
    this.#rows += 1;
    this.#sum = (this.#sum + BigInt(`0x${hash.digest("hex")}`)) % modulus;
  }

  get sum(): TableSum {
    return { rows: this.#rows, digest: this.#sum.toString(16).padStart(64, "0") };
  }
}

const kindOf = (value: unknown): string =>
  value instanceof Uint8Array ? "b" : typeof value === "string" ? "t" : "i";

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return Buffer.from(value, "utf8");
  if (typeof value === "number" && Number.isSafeInteger(value)) return Buffer.from(String(value));
  throw new FaultError("bug", "bad_row", `a value of type ${typeof value} is in no table of ours`);
}
