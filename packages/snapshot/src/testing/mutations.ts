/**
 * Changes of packs, for the property test and for `npm run fuzz`: of the bytes, of the content under its checksums, of
 * single values under the canonical form. The deeper a change sits, the further into the guard it comes.
 */

import * as fc from "fast-check";
import { SnapshotError } from "../errors.ts";
import { canonicalJson } from "../format/canonical-json.ts";
import { parseDigestName } from "../format/digest.ts";
import { guardSnapshot } from "../guard.ts";
import { inspectPack } from "../inspect.ts";
import { codeOf } from "./code-of.ts";
import { around, type Claims, packed, type VectorPack } from "./vector-packs.ts";

export interface Mutant {
  readonly kind: "bytes" | "splice" | "content" | "value";
  readonly bytes: Uint8Array;
  readonly claims: Claims;
  /** The content that the claims name; undefined: the claims were made to fit whatever it is now. */
  readonly original: Uint8Array | undefined;
}

/** Mutants of these packs. */
export function mutants(corpus: readonly VectorPack[]): fc.Arbitrary<Mutant> {
  const seeds = corpus.map(seedOf);
  const readable = seeds.filter((seed): seed is ReadableSeed => seed.raw !== undefined);
  const seed = fc.constantFrom(...seeds);
  const good = fc.constantFrom(...readable);
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(seed, edits, fc.boolean()).map(byBytes) },
    { weight: 1, arbitrary: fc.tuple(seed, seed, fc.double(share), fc.double(share)).map(bySplice) },
    { weight: 3, arbitrary: fc.tuple(good, edits).map(byContent) },
    { weight: 4, arbitrary: fc.tuple(good, fc.nat(), fc.jsonValue({ maxDepth: 3 }), fc.nat()).map(byValue) },
  );
}

/** What our guard says: `valid`, or the code of its refusal. */
export function outcomeOf({ bytes, claims }: Mutant): string {
  const expected = { ...claims, digest: parseDigestName(claims.digest) };
  const code = codeOf(() => guardSnapshot(bytes, expected));
  return code === "accepted" ? "valid" : code;
}

/** Undefined when the guard did what it must: a typed error, or the original, or canonical content of its own. */
export function breach({ bytes, claims, original }: Mutant): string | undefined {
  try {
    const { raw, content } = guardSnapshot(bytes, { ...claims, digest: parseDigestName(claims.digest) });
    if (original !== undefined && Buffer.compare(raw, original) !== 0) return "other content was accepted";
    return canonicalJson(content) === Buffer.from(raw).toString()
      ? undefined
      : "the content is not its bytes";
  } catch (error) {
    if (!(error instanceof SnapshotError)) return `an untyped error: ${String(error)}`;
    return error.code.startsWith("snapshot_") ? undefined : `the code ${error.code}`;
  }
}

interface Seed {
  readonly pack: VectorPack;
  /** Of packs that are valid. */
  readonly raw: Uint8Array | undefined;
}
type ReadableSeed = Seed & { readonly raw: Uint8Array };

function seedOf(pack: VectorPack): Seed {
  if (pack.outcome !== "valid") return { pack, raw: undefined };
  return { pack, raw: new TextEncoder().encode(canonicalJson(inspectPack(pack.bytes).content)) };
}

const share = { min: 0, max: 1, noNaN: true };

interface Edit {
  /** Share of the length, so that an edit fits every pack. */
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

/** What parsers trip over stands beside random bytes. */
const tokens = ['"', "\\", "{", "}", "[", "]", ",", ":", "0", "-", "e9", "\\u0000", "\u202e", "../", "null"];
const insertion = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc.constantFrom(...tokens).map((token) => new TextEncoder().encode(token)),
);
const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ at: fc.double(share), remove: fc.nat({ max: 6 }), insert: insertion }),
  { minLength: 1, maxLength: 4 },
);

function edited(bytes: Uint8Array, all: readonly Edit[]): Uint8Array {
  let current = bytes;
  for (const { at, remove, insert } of all) {
    const from = Math.floor(at * current.length);
    current = Buffer.concat([current.subarray(0, from), insert, current.subarray(from + remove)]);
  }
  return current;
}

/** Damage on the way: the task is right, or its sizes were made to fit. */
function byBytes([{ pack, raw }, all, fitted]: [Seed, Edit[], boolean]): Mutant {
  const bytes = edited(pack.bytes, all);
  const claims = fitted ? { ...around(bytes, bytes).claims, digest: pack.claims.digest } : pack.claims;
  return { kind: "bytes", bytes, claims, original: raw };
}

/** The beginning of one pack and the end of another. */
function bySplice([a, b, from, to]: [Seed, Seed, number, number]): Mutant {
  const head = a.pack.bytes.subarray(0, Math.floor(from * a.pack.bytes.length));
  const bytes = Buffer.concat([head, b.pack.bytes.subarray(Math.floor(to * b.pack.bytes.length))]);
  const claims = { ...around(bytes, bytes).claims, digest: a.pack.claims.digest };
  return { kind: "splice", bytes, claims, original: a.raw };
}

/** Other content under right checksums, as from a writer with a bug or with bad intent. */
function byContent([{ raw }, all]: [ReadableSeed, Edit[]]): Mutant {
  return { kind: "content", ...packed(edited(raw, all)), original: undefined };
}

/** One value replaced, taken away, or given a key more; keys are sorted again, so that the schema is what decides. */
function byValue([{ raw }, at, value, how]: [ReadableSeed, number, unknown, number]): Mutant {
  const content = JSON.parse(Buffer.from(raw).toString()) as object;
  const places = slots(content);
  const { holder, key } = places[at % places.length] ?? { holder: content, key: "version" };
  if (how % 4 === 0) Reflect.deleteProperty(holder, key);
  else if (how % 4 === 1) Reflect.set(holder, Array.isArray(holder) ? holder.length : `${key}x`, value);
  else Reflect.set(holder, key, value);
  return { kind: "value", ...packed(JSON.stringify(sorted(content))), original: undefined };
}

interface Slot {
  readonly holder: object;
  readonly key: string;
}

function slots(value: unknown): Slot[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [{ holder: value, key }, ...slots(item)]);
}

/** Without the refusals of our own canonical form: the guard is to refuse. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, sorted(item)]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
