/**
 * RFC 8785 text of a value, with less room than the RFC leaves: numbers that languages print differently are refused,
 * and so are the three keys that set prototypes. What this prints, every reader reads alike.
 */

import { SnapshotError } from "../errors.ts";

/** Reads as JSON; what it was made from may not be JSON at all. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonRecord;
export interface JsonRecord {
  readonly [key: string]: JsonValue;
}

const nestingDefault = 32;
const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"]);
/** The same rule as a pattern, for the schema. */
export const allowedKeyForm = /^(?!(?:__proto__|constructor|prototype)$)/;

export function isForbiddenKey(key: string): boolean {
  return forbiddenKeys.has(key);
}

/** The canonical text. Throws with the place of what cannot be printed. */
export function canonicalJson(value: unknown, nestingMax: number = nestingDefault): string {
  const out: string[] = [];
  print(value, { out, path: [], nestingMax });
  return out.join("");
}

interface Printer {
  readonly out: string[];
  /** Where we are; its length is the nesting. */
  readonly path: (string | number)[];
  readonly nestingMax: number;
}

function print(value: unknown, printer: Printer): void {
  if (value === null || value === true || value === false) printer.out.push(String(value));
  else if (typeof value === "string") printer.out.push(stringText(value, printer));
  else if (typeof value === "number") printer.out.push(numberText(value, printer));
  else if (Array.isArray(value)) printArray(value, printer);
  else if (isRecord(value)) printRecord(value, printer);
  else throw refused(printer, `${value === undefined ? "undefined" : typeof value} is not JSON`);
}

function printArray(values: readonly unknown[], printer: Printer): void {
  enter(printer);
  printer.out.push("[");
  for (let index = 0; index < values.length; index++) {
    if (index > 0) printer.out.push(",");
    printer.path.push(index);
    print(values[index], printer);
    printer.path.pop();
  }
  printer.out.push("]");
}

function printRecord(record: Readonly<Record<string, unknown>>, printer: Printer): void {
  enter(printer);
  printer.out.push("{");
  // The default order of sort() is that of UTF-16 code units, which is what the RFC asks for.
  const keys = Object.keys(record).sort();
  for (const [index, key] of keys.entries()) {
    if (index > 0) printer.out.push(",");
    printer.path.push(key);
    if (forbiddenKeys.has(key)) throw refused(printer, "this key is refused everywhere", "snapshot_hostile");
    printer.out.push(stringText(key, printer), ":");
    print(record[key], printer);
    printer.path.pop();
  }
  printer.out.push("}");
}

function enter({ path, nestingMax }: Printer): void {
  if (path.length >= nestingMax) {
    throw new SnapshotError("snapshot_hostile", `the content is nested deeper than ${nestingMax}`);
  }
}

function stringText(text: string, printer: Printer): string {
  if (!text.isWellFormed()) throw refused(printer, "the text has a lone surrogate");
  return JSON.stringify(text);
}

function numberText(value: number, printer: Printer): string {
  if (!Number.isFinite(value)) throw refused(printer, `${value} is not a finite number`);
  if (Object.is(value, -0)) throw refused(printer, "-0 is refused");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw refused(printer, `${value} is beyond 2^53 - 1`);
  }
  const text = String(value);
  if (text.includes("e")) throw refused(printer, `${text} needs an exponent`);
  return text;
}

function refused(
  printer: Printer,
  why: string,
  code: "snapshot_invalid" | "snapshot_hostile" = "snapshot_invalid",
) {
  return new SnapshotError(code, `at ${pathText(printer.path)}: ${why}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** `skills[0].files[2].path`; the root is `content`. */
export function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "content";
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}
