/**
 * Released packs are frozen: whoever has one must be able to read it for as long as its version is read. `golden.json`
 * names each by the digest of its bytes, and by that of its content where it is valid. Lines are added, never changed.
 */

import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digestOf } from "./format/digest.ts";
import { formatVersion } from "./format/version.ts";
import { inspectPack } from "./inspect.ts";
import { codeOf } from "./testing/code-of.ts";

const vectors = join(import.meta.dirname, "../vectors");

interface Golden {
  /** Below `vectors/`. */
  readonly file: string;
  readonly bytes: string;
  /** Of the content; null: every reader refuses the pack. */
  readonly content: string | null;
}

const golden = JSON.parse(readFileSync(join(vectors, "golden.json"), "utf8")) as readonly Golden[];
const readPack = (file: string): Uint8Array => readFileSync(join(vectors, file));

describe("released packs", () => {
  test("are all in golden.json, by the bytes that they were released with", () => {
    const files = globSync("v*/**/*.gz", { cwd: vectors });
    const now = files.toSorted().map((file) => ({ file, bytes: digestOf(readPack(file)) }));
    expect(golden.map(({ file, bytes }) => ({ file, bytes }))).toEqual(now);
  });

  test("are there for every version that was ever written", () => {
    for (let version = 1; version <= formatVersion; version++) {
      const own = golden.filter(({ file }) => file.startsWith(`v${version}/`));
      expect(own.length, `version ${version}`).toBeGreaterThan(50);
      expect(own.find(({ file }) => file === `v${version}/pack.gz`)?.content).toMatch(/^sha256:/);
      const parts = ["agents/config.yaml", "content.json", "digest.txt", "packs/index.json", "schema.json"];
      const files = parts.map((part) => `v${version}/${part}`);
      expect(files.filter((file) => !existsSync(join(vectors, file)))).toEqual([]);
    }
  });

  test("still hold the content that they were released with", () => {
    const valid = golden.filter(({ content }) => content !== null);
    expect(valid.map(({ file, content }) => ({ file, content }))).toEqual(
      valid.map(({ file }) => ({ file, content: inspectPack(readPack(file)).name })),
    );
    expect(valid.length).toBeGreaterThan(5);
  });

  test("or are still refused, but for those that only their task gives away", () => {
    const onlyByTask = ["truncated", "trailing", "wrong-digest", "wrong-length", "task-version"];
    const accepted = golden
      .filter(
        ({ file, content }) => content === null && codeOf(() => inspectPack(readPack(file))) === "accepted",
      )
      .map(({ file }) => file.replace(/^v\d+\/packs\/|\.gz$/g, ""));
    expect(accepted.filter((name) => !onlyByTask.includes(name))).toEqual([]);
  });
});
