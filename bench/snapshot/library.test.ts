import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { tempFolder } from "../../tests/support/temp-folder.ts";
import { assetLibrary, type LibraryFiles, sampleLibrary } from "./library.ts";
import { readPlans, writeSpecimen } from "./specimen.ts";

function digest(files: LibraryFiles): string {
  const hash = createHash("sha256");
  for (const [path, bytes] of files) hash.update(`${path}:${bytes.length}\n`).update(bytes);
  return hash.digest("hex");
}

test("a library is the same each time; figures of two versions may be compared", () => {
  expect(digest(sampleLibrary(50_000))).toBe(
    "5ca44214d971e946ced8ed7bfa17063fd148bbaf3f18ec4e9df4722ed01ba8ae",
  );
});

test("text compresses as text does, assets do not", () => {
  const files = [...sampleLibrary(500_000)];
  const ratio = (ending: string): number => {
    const all = Buffer.concat(files.filter(([path]) => path.endsWith(ending)).map(([, bytes]) => bytes));
    return all.length / gzipSync(all).length;
  };
  expect([ratio(".md") > 2, ratio(".md") < 6, ratio(".bin") < 1.01]).toEqual([true, true, true]);
});

test("the product takes it whole: every skill, every file, exec bits", async () => {
  await using folder = await tempFolder();
  const files = sampleLibrary(50_000);
  await writeSpecimen(join(folder.path, "a"), files);
  const skills = (await readPlans(join(folder.path, "a"))).get("work")?.skills ?? [];
  const packed = skills.flatMap(({ name, files }) => files.map(({ path }) => `skills/${name}/${path}`));
  const written = [...files.keys()].filter((path) => path.startsWith("skills/"));
  expect(packed.toSorted()).toEqual(written.toSorted());
  const executable = skills.flatMap(({ files }) => files.filter(({ mode }) => mode === "0755"));
  expect(executable.map(({ path }) => path)).toEqual(
    written.filter((path) => path.endsWith(".sh")).map((path) => path.split("/").slice(2).join("/")),
  );
});

test("a pack that does not compress has about the size that was asked for", async () => {
  await using folder = await tempFolder();
  const { compressed } = await writeSpecimen(join(folder.path, "a"), assetLibrary(1024 * 1024));
  expect(Math.abs(compressed / 1024 / 1024 - 1)).toBeLessThan(0.01);
});
