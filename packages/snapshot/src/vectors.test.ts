import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { digestName, digestOf, parseDigestName } from "./format/digest.ts";
import { inspectPack } from "./inspect.ts";
import { openSnapshot } from "./stores/open-snapshot.ts";
import { buildVector, readVector } from "./testing/vectors.ts";

test("the golden pack can still be read, and its parts agree", async () => {
  const { json, digest, gzip } = await readVector();
  expect(digestOf(json)).toBe(digest);
  expect(Buffer.compare(gunzipSync(gzip), json)).toBe(0);
  const report = inspectPack(gzip);
  expect(report.name).toBe(digest);
  expect(report).toMatchObject({
    formatVersion: 1,
    compressedSize: gzip.length,
    uncompressedSize: json.length,
  });
  expect(report.requires).toEqual(["mcp", "memory.ops", "skills"]);
  const opened = openSnapshot(gzip, { ...report, digest: parseDigestName(digest) });
  expect(await opened.skills.readFile("release-notes", "assets/logo.bin")).toEqual(
    Uint8Array.of(255, 0, 1, 128),
  );
  expect(
    (await opened.skills.files("release-notes")).find(({ path }) => path === "scripts/commits.sh")?.mode,
  ).toBe("0755");
});

test("the golden library still builds the golden content", async () => {
  expect(digestName((await buildVector()).digest)).toBe((await readVector()).digest);
});

test("in another process, too", async () => {
  const module = JSON.stringify(`${import.meta.dirname}/testing/vectors.ts`);
  const script = `const { buildVector } = await import(${module});
    console.log(Buffer.from((await buildVector()).digest).toString("hex"));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(`sha256:${stdout.trim()}`).toBe((await readVector()).digest);
});
