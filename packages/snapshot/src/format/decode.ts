/** From verified bytes to content: nesting, UTF-8, JSON, canonical form, version, schema, references, limits. */

import { SnapshotError } from "../errors.ts";
import type { SnapshotLimits } from "../limits.ts";
import { canonicalJson, pathText } from "./canonical-json.ts";
import type { SnapshotContent } from "./content.ts";
import { envelope } from "./envelope.ts";
import { decodeText } from "./files.ts";
import { frozenCopy } from "./freeze.ts";
import { checkContent } from "./order.ts";
import { checkContentLimits } from "./sizes.ts";
import {
  featureProblem,
  features,
  formatName,
  reservedKeyProblem,
  reservedKeys,
  versionProblem,
} from "./version.ts";

/** Frozen at every depth and without prototypes. */
export function decodeContent(raw: Uint8Array, limits: SnapshotLimits): SnapshotContent {
  scanStructure(raw, limits);
  const text = decodeText(raw);
  if (text === undefined) throw invalid("the content is not valid UTF-8");
  const value = parseJson(text);
  if (canonicalJson(value, limits.nestingMax) !== text) throw invalid("the content is not in canonical form");
  checkHead(value);
  const content = checkShape(value);
  checkContentLimits(content, limits);
  checkContent(content);
  return frozenCopy(content);
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;

/** Before anything is parsed: no depth exhausts a parser's stack, no number of values keeps a schema busy. */
function scanStructure(raw: Uint8Array, { nestingMax, valuesMax }: SnapshotLimits): void {
  let depth = 0;
  let values = 1;
  let inText = false;
  for (let index = 0; index < raw.length; index++) {
    const byte = raw[index];
    if (inText) {
      if (byte === backslash) index++;
      else if (byte === quote) inText = false;
      continue;
    }
    if (byte === quote) inText = true;
    else if (byte === openBracket || byte === openBrace) {
      depth++;
      values++;
    } else if (byte === closeBracket || byte === closeBrace) depth--;
    else if (byte === comma) values++;
    if (depth > nestingMax) throw hostile(`is nested deeper than ${nestingMax}`);
    if (values > valuesMax) throw hostile(`has more than ${valuesMax} values`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The message of a JSON error quotes the text, which may be anything: it stays out.
    throw new SnapshotError("snapshot_invalid", "the content is not JSON", { cause: error });
  }
}

/** Version and features come first: a newer pack is a newer pack, not a broken one. */
function checkHead(value: unknown): void {
  if (!isRecord(value) || value["format"] !== formatName) throw invalid(`the content is not a ${formatName}`);
  const problem = versionProblem(value["version"]);
  if (problem !== undefined) throw unsupported(problem);
  const reserved = Object.keys(value).find((key) => reservedKeys.has(key));
  if (reserved !== undefined) throw unsupported(reservedKeyProblem(reserved));
  const required: readonly unknown[] = Array.isArray(value["requires"]) ? value["requires"] : [];
  const unknown = required.find((feature) => !features.some((known) => known === feature));
  if (unknown !== undefined) throw unsupported(featureProblem(unknown));
}

function checkShape(value: unknown): SnapshotContent {
  const parsed = envelope.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`at ${pathText(issue?.path ?? [])}: ${issue?.message ?? "not the shape of v1"}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hostile(why: string): SnapshotError {
  return new SnapshotError("snapshot_hostile", `the content ${why}`);
}

function invalid(message: string): SnapshotError {
  return new SnapshotError("snapshot_invalid", message);
}

function unsupported(message: string): SnapshotError {
  return new SnapshotError("snapshot_version_unsupported", message);
}
