/** Columns of a row, checked where they are read: a column of the wrong type is a bug of ours, found at once. */

import { FaultError } from "@haversack/base";
import type { Row } from "./statement.ts";

function wrong(row: Row, column: string, expected: string): FaultError {
  return new FaultError("bug", "bad_row", `column ${column} is ${typeof row[column]}, expected ${expected}`);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw wrong(row, column, "text");
  return value;
}

export function textOrNone(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrong(row, column, "an integer");
  return value;
}

export function integerOrNone(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integer(row, column);
}

export function flag(row: Row, column: string): boolean {
  return integer(row, column) !== 0;
}

export function bytes(row: Row, column: string): Uint8Array<ArrayBuffer> {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrong(row, column, "bytes");
  return new Uint8Array(value);
}

/** JSON that this program wrote, of the type that it wrote. */
export function json<T>(row: Row, column: string): T {
  return JSON.parse(text(row, column)) as T;
}

export function jsonOrNone<T>(row: Row, column: string): T | undefined {
  return row[column] === null ? undefined : json<T>(row, column);
}
