import { parseDigest, parseGeneration } from "@haversack/protocol";
import { expect, test } from "vitest";
import { createPaint } from "./paint.ts";
import { backupText, checkedText, migratedText, putText, restoredText } from "./store-text.ts";

const paint = createPaint(false);
const file = { path: "haversack.db", size: 4096, sha256: "a", schema: 8, counts: { run: 1, step: 3 } };
const manifest = {
  format: "haversack-backup" as const,
  formatVersion: 1,
  madeAt: "2026-01-31T02:00:00.000Z",
  madeBy: "1",
  databases: [file, { ...file, path: "logs.db", counts: { log_chunk: 2 } }],
  blobs: { count: 2, bytes: 2048 },
  files: [],
};

test("a backup is told by its parts, and what could not be copied by its digest", () => {
  const digest = parseDigest(`sha256:${"a".repeat(64)}`);
  const text = backupText({ path: "/b", manifest, problems: [{ digest, state: "missing" }] }, paint);
  expect(text.split("\n")).toEqual([
    "backup",
    "haversack.db  schema 8  4.0 KiB  1 run",
    "logs.db       schema 8  4.0 KiB  2 pieces",
    "blobs/                  2.0 KiB  2 artifacts",
    "not in it, for they were not whole here already:",
    `missing  ${digest}`,
    "/b",
    "",
  ]);
});

test("a restore says what was set aside, and that the generation grew", () => {
  const generation = parseGeneration("2-a");
  expect(restoredText({ manifest, generation, aside: "/aside" }, "/data", paint)).toBe(
    "restored the backup of 2026-01-31T02:00:00.000Z into /data\ngeneration 2-a: what workers did after the backup is not accepted\nwhat was there before lies in /aside\n",
  );
});

test("checks have a line each, with their faults below; what a fault quotes stays printable", () => {
  const text = checkedText(
    [
      { id: "events", holds: "no gap", ok: true, faults: [], more: false },
      { id: "blobs", holds: "all there", ok: false, faults: ["one\u001b[31m", "two"], more: true },
    ],
    paint,
  );
  expect(text.split("\n")).toEqual([
    `ok     ${"events".padEnd(24)}  no gap`,
    `FAULT  ${"blobs".padEnd(24)}  all there`,
    "       one",
    "       two",
    "       …",
    "1 of 2 checks found faults",
    "",
  ]);
});

test("a migration tells what it would do, and where the old databases are once it has", () => {
  const due = [
    { version: 7, name: "seven" },
    { version: 8, name: "eight" },
  ];
  const databases = [
    { name: "logs.db", schema: 1, due: [] },
    { name: "haversack.db", schema: 6, due },
    { name: "new.db", schema: 0, due: [] },
  ];
  expect(migratedText({ dryRun: true, databases }, paint).split("\n")).toEqual([
    "DATABASE      WAS",
    "logs.db       schema 1  up to date",
    "haversack.db  schema 6  would apply 7 seven",
    "                        would apply 8 eight",
    "new.db        none yet  up to date",
    "",
  ]);
  expect(migratedText({ dryRun: false, databases, backup: "/b" }, paint)).toMatch(
    /applied 8 eight\n[^]*before: \/b\n$/,
  );
});

test("a move tells each table", () => {
  const tables = [{ table: "run", rows: 3, digest: "0123456789abcdef0123" }];
  expect(putText({ tables, generation: parseGeneration("2-a") }, paint)).toBe(
    "TABLE  ROWS  DIGEST\nrun    3     0123456789abcdef\nall equal; generation 2-a\n",
  );
});
