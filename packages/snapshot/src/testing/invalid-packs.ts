/** Packs that every reader refuses, each for one reason. */

import { crc32 } from "node:zlib";
import { gzipSync } from "fflate";
import type { SnapshotErrorCode } from "../errors.ts";
import { canonicalJson } from "../format/canonical-json.ts";
import { samplePlan } from "./sample.ts";
import { around, contentOf, member, packed, type VectorPack } from "./vector-packs.ts";

type Case = readonly [name: string, code: SnapshotErrorCode, why: string, pack: ReturnType<typeof around>];
type Json = Record<string, never>;

export function invalidPacks(): VectorPack[] {
  const raw = contentOf(samplePlan, true);
  const all = [...damagedPacks(raw), ...hostilePacks(raw), ...spellings(raw), ...shapes(raw), ...closed(raw)];
  return all.map(([name, outcome, why, pack]) => ({ name, outcome, why, ...pack }));
}

/** Wrong before the content is looked at. */
function damagedPacks(raw: Uint8Array): Case[] {
  const { bytes } = packed(raw);
  const flipped = bytes.slice();
  flipped[200] = (flipped[200] ?? 0) ^ 0x10;
  const cut = bytes.slice(0, -9);
  const fitted = Buffer.concat([cut, bytes.slice(-8)]);
  const named = gzipSync(raw, { mtime: 0, filename: "../../etc/passwd" });
  const lie = (member_: Parameters<typeof member>[1]) => around(raw, member(raw, member_));
  const honest = { compressedSize: bytes.length, uncompressedSize: raw.length };
  return [
    ["empty", "snapshot_corrupt", "no bytes at all", around(raw, new Uint8Array(0))],
    ["truncated", "snapshot_corrupt", "the last 9 bytes are missing", around(raw, cut, honest)],
    ["cut-inside", "snapshot_corrupt", "one byte is missing before the trailer", around(raw, fitted)],
    ["flipped-bit", "snapshot_corrupt", "one bit of the compressed data", around(raw, flipped)],
    ["wrong-crc", "snapshot_corrupt", "CRC-32 of other content", lie({ crc: (crc32(raw) + 1) % 2 ** 32 })],
    ["size-smaller", "snapshot_corrupt", "the trailer says one byte less", lie({ size: raw.length - 1 })],
    ["size-larger", "snapshot_corrupt", "the trailer says one byte more", lie({ size: raw.length + 1 })],
    ["smuggled", "snapshot_corrupt", "bytes before the trailer", lie({ smuggled: Buffer.from("smuggled") })],
    ["trailing", "snapshot_corrupt", "bytes after the end", around(raw, padded(bytes), honest)],
    [
      "trailing-fitted",
      "snapshot_corrupt",
      "zeros after the end, and sizes that fit",
      around(raw, padded(bytes, 8)),
    ],
    ["name-in-header", "snapshot_corrupt", "the header has a file name", around(raw, named)],
    ["no-gzip", "snapshot_corrupt", "plain JSON", around(raw, raw, { uncompressedSize: raw.length })],
    ["wrong-digest", "snapshot_corrupt", "the task names other content", around(Buffer.from("other"), bytes)],
    [
      "wrong-length",
      "snapshot_corrupt",
      "the task says one byte more",
      around(raw, bytes, { compressedSize: bytes.length + 1 }),
    ],
    [
      "task-version",
      "snapshot_version_unsupported",
      "the task says version 2",
      around(raw, bytes, { formatVersion: 2 }),
    ],
    [
      "size-over-limit",
      "snapshot_too_large",
      "the trailer says 16 MiB and a byte",
      lie({ size: 16 * 1024 * 1024 + 1 }),
    ],
  ];
}

/** Zeros after the end, and the trailer again where the sizes are to fit. */
function padded(bytes: Uint8Array, count = 1): Uint8Array {
  const end = count > 1 ? bytes.slice(-8) : new Uint8Array(0);
  return Buffer.concat([bytes, Buffer.alloc(count), end]);
}

/** Made to harm a reader. */
function hostilePacks(raw: Uint8Array): Case[] {
  const { bytes } = packed(raw);
  const zeros = new Uint8Array(2 * 1024 * 1024);
  const path = (to: string) => packed(replaced(raw, "assets/logo.bin", to));
  const key = (name: string) => packed(replaced(raw, '"deep":{', `"deep":{"${name}":1,`));
  return [
    ["second-member", "snapshot_hostile", "two gzip members", around(raw, Buffer.concat([bytes, bytes]))],
    ["ratio", "snapshot_hostile", "2 MiB of zeros", packed(zeros)],
    ["nesting", "snapshot_hostile", "33 lists in each other", packed(`${"[".repeat(33)}${"]".repeat(33)}`)],
    ["values", "snapshot_hostile", "100,001 values", packed(`[${"0,".repeat(99_999)}0]`)],
    ["proto-key", "snapshot_hostile", "a key that sets prototypes", key("__proto__")],
    ["constructor-key", "snapshot_hostile", "a key that sets prototypes", key("constructor")],
    ["path-up", "snapshot_hostile", "a path that climbs", path("../logo.bin")],
    ["path-absolute", "snapshot_hostile", "an absolute path", path("/logo.bin")],
    ["path-backslash", "snapshot_hostile", "a backslash", path("assets\\\\logo.bin")],
    [
      "path-percent",
      "snapshot_hostile",
      "an escape that a second decoding turns into ..",
      path("%2e%2e/logo.bin"),
    ],
    ["path-look-alike", "snapshot_hostile", "a full-width slash", path("assets\uff0flogo.bin")],
    ["path-device", "snapshot_hostile", "a Windows device", path("assets/NUL.txt")],
    ["path-git", "snapshot_hostile", "a folder of git", path("assets/.git/config")],
    ["path-not-nfc", "snapshot_hostile", "not in normal form C", path("assets/e\u0301")],
    ["path-control", "snapshot_hostile", "turns the direction of text", path("assets/\u202egpj.sh")],
    ["path-case", "snapshot_hostile", "equal to SKILL.md where case does not count", path("skill.md")],
    ["path-below-file", "snapshot_hostile", "needs a folder where a file is", path("SKILL.md/x")],
  ];
}

/** JSON that is not in its one canonical form. */
function spellings(raw: Uint8Array): Case[] {
  const text = Buffer.from(raw).toString();
  const swap = (from: string, to: string) => packed(replaced(raw, from, to));
  const bad = "snapshot_invalid" as const;
  return [
    ["not-json", bad, "cut JSON", packed(text.slice(0, -1))],
    ["not-utf8", bad, "a byte that UTF-8 does not know", packed(swapByte(raw))],
    ["byte-order-mark", bad, "a byte order mark", packed(`\ufeff${text}`)],
    ["white-space", bad, "a line break at the end", packed(`${text}\n`)],
    [
      "duplicate-key",
      bad,
      "one key twice",
      swap('"engine":"builtin"', '"engine":"builtin","engine":"builtin"'),
    ],
    ["unsorted-keys", bad, "version before format", packed(unsorted(text))],
    ["escaped", bad, "an escape that is not needed", swap('"builtin"', '"buil\\u0074in"')],
    ["number-spelling", bad, "1.50 for 1.5", swap('"maxCostUsd":1.5', '"maxCostUsd":1.50')],
    ["number-float", bad, "30.0 for 30", swap('"maxTurns":30', '"maxTurns":30.0')],
    ["number-exponent", bad, "needs an exponent", swap('"maxCostUsd":1.5', '"maxCostUsd":1.5e-7')],
    ["number-too-large", bad, "beyond 2^53 - 1", swap('"maxTokens":400000', '"maxTokens":9007199254740992')],
    ["minus-zero", bad, "-0", swap('"maxCostUsd":1.5', '"maxCostUsd":-0')],
    ["lone-surrogate", bad, "half a character", swap('"Terse.\\n"', '"\\ud800"')],
  ];
}

function swapByte(raw: Uint8Array): Uint8Array {
  const copy = raw.slice();
  copy[Buffer.from(raw).indexOf("Terse")] = 0xff;
  return copy;
}

function unsorted(text: string): string {
  const format = '"format":"haversack-snapshot",';
  return `{${format}${text.slice(1).replace(format, "")}`;
}

/** Canonical JSON of another shape. */
function shapes(raw: Uint8Array): Case[] {
  const edit = edits(raw);
  const version = "snapshot_version_unsupported" as const;
  const bad = "snapshot_invalid" as const;
  return [
    ["not-a-pack", bad, "an empty object", packed("{}")],
    ["other-format", bad, "another format", edit((content) => ({ ...content, format: "satchel" }))],
    ["version-2", version, "a version of the future", edit((content) => ({ ...content, version: 2 }))],
    ["reserved-key", version, "a key kept for later", edit((content) => ({ ...content, signatures: [] }))],
    [
      "unknown-feature",
      version,
      "a feature of the future",
      edit((content) => ({ ...content, requires: ["mcp", "memory.ops", "skills", "telepathy"] })),
    ],
    ["unknown-key", bad, "at the top", edit((content) => ({ ...content, surprise: 1 }))],
    ["unknown-inner-key", bad, "in a model", packed(replaced(raw, '"worker":{}', '"worker":{},"x":1'))],
    ["missing-key", bad, "no souls", packed(without(raw, "souls"))],
    ["wrong-type", bad, "text for a number", packed(replaced(raw, '"maxTurns":30', '"maxTurns":"30"'))],
    [
      "opaque-null",
      bad,
      "null where opaque JSON is an object",
      packed(replaced(raw, '"providerOptions":{}', '"providerOptions":null')),
    ],
    [
      "bad-id",
      bad,
      "an id with a capital letter",
      packed(replaced(raw, '"id":"engineer"', '"id":"Engineer"')),
    ],
    [
      "bad-mode",
      bad,
      "a mode with the set-user-id bit",
      packed(replaced(raw, '"mode":"0755"', '"mode":"4755"')),
    ],
  ];
}

/** Each section is well formed, and together they are not a pack; or they are too much of one. */
function closed(raw: Uint8Array): Case[] {
  const edit = edits(raw);
  const swap = (from: string, to: string) => packed(replaced(raw, from, to));
  const bad = "snapshot_invalid" as const;
  const large = "snapshot_too_large" as const;
  const lines = "x\\n".repeat(201);
  return [
    [
      "model-missing",
      bad,
      "config names a model that is not there",
      edit((content) => ({ ...content, models: [] })),
    ],
    [
      "skill-missing",
      bad,
      "config names a skill that is not there",
      edit((content) => ({ ...content, skills: [] })),
    ],
    [
      "soul-missing",
      bad,
      "config names a soul that is not there",
      edit((content) => ({ ...content, souls: [] })),
    ],
    [
      "secrets-missing",
      bad,
      "a reference that is not declared",
      edit((content) => ({ ...content, secrets: [] })),
    ],
    [
      "requires-missing",
      bad,
      "a feature that is used and not required",
      edit((content) => ({ ...content, requires: ["mcp", "skills"] })),
    ],
    ["unsorted-list", bad, "tools that are not sorted", swap('"read","skill"', '"skill","read"')],
    ["unsorted-files", bad, "files that are not sorted", swap("assets/logo.bin", "zzz/logo.bin")],
    ["no-skill-file", bad, "a skill without SKILL.md", swap('"path":"SKILL.md"', '"path":"README.md"')],
    ["base64-of-text", bad, "base64 of what is valid UTF-8", swap("/wD+", "YWJj")],
    ["base64-spelling", bad, "bits after the last byte", swap("/wD+", "/wH=")],
    [
      "memory-not-read",
      bad,
      "memory that the step does not read",
      swap('"dags":{"nightly-release"', '"dags":{"other"'),
    ],
    ["soul-too-long", large, "20,001 characters", swap('"Terse.\\n"', `"${"x".repeat(20_001)}"`)],
    ["memory-too-long", large, "201 lines", swap('"- a fact\\n"', `"${lines}"`)],
  ];
}

function edits(raw: Uint8Array) {
  return (edit: (content: Json) => unknown) =>
    packed(canonicalJson(edit(JSON.parse(Buffer.from(raw).toString()) as Json)));
}

function without(raw: Uint8Array, section: string): string {
  const content = JSON.parse(Buffer.from(raw).toString()) as Json;
  return canonicalJson(Object.fromEntries(Object.entries(content).filter(([key]) => key !== section)));
}

/** Changes one place, which must be there. */
function replaced(raw: Uint8Array, from: string, to: string): string {
  const text = Buffer.from(raw).toString();
  if (!text.includes(from)) throw new Error(`the sample does not hold ${from}`);
  return text.replace(from, () => to);
}
