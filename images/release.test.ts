import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../tests/support/temp-folder.ts";
import { arches } from "./arch.ts";
import { baseName, recordName, smokeName } from "./records.ts";
import { newKey, publish, verifyRelease } from "./release.ts";
import { made, releaseUrl, smallRecipe, stamp } from "./testing/made.ts";

const keys = newKey();

async function world(folder: string) {
  const from = join(folder, "from");
  const to = join(folder, "to");
  await mkdir(from);
  await mkdir(to);
  for (const arch of arches) await made(from, arch);
  return { from, to, run: () => publish({ from, to, stamp, key: keys.privateKey }) };
}

test("a release has every file, is signed, and is found to be whole", async () => {
  await using folder = await tempFolder();
  const { to, run } = await world(folder.path);
  const manifest = await run();
  expect(Object.keys(manifest.arches)).toEqual(["arm64", "x64"]);
  expect((await readdir(to)).toSorted()).toEqual([
    "base-2026.11.1-arm64.lxd.tar.zst",
    "base-2026.11.1-arm64.oci.tar",
    "base-2026.11.1-arm64.spdx.json",
    "base-2026.11.1-runtime.tar.gz",
    "base-2026.11.1-x64.lxd.tar.zst",
    "base-2026.11.1-x64.oci.tar",
    "base-2026.11.1-x64.spdx.json",
    "base-2026.11.1.recipe.sh",
    "images.json",
    "images.json.sig",
    "recipe.sh",
  ]);
  expect(await verifyRelease(to, keys.publicKey)).toHaveLength(8);
  await expect(run()).resolves.toEqual(manifest);
});

describe("nothing changes in the target", () => {
  const withoutArch = (name: string) => (from: string) => rm(join(from, name));
  test.each([
    [
      "without a build of one architecture",
      withoutArch(recordName(stamp, "arm64")),
      /no build of 2026\.11\.1 for arm64/,
    ],
    ["without a smoke test of one architecture", withoutArch(smokeName(stamp, "x64")), /x64 was not smoked/],
    ["without a file", withoutArch(`${baseName(stamp, "arm64")}.lxd.tar.zst`), /lxd\.tar\.zst is not in/],
    [
      "when a file was changed since",
      (from: string) => writeFile(join(from, `${baseName(stamp, "x64")}.oci.tar`), "oci x65"),
      /was .* when it was built/,
    ],
    [
      "when a file that nobody tried took the place of one that was",
      async (from: string) => {
        const record = join(from, smokeName(stamp, "x64"));
        await writeFile(
          record,
          (await readFile(record, "utf8")).replaceAll(/"sha256": "../g, '"sha256": "00'),
        );
      },
      /passed no smoke test/,
    ],
    [
      "when the architectures were built from different recipes",
      (from: string) => made(from, "arm64", `${smallRecipe}# another\n`),
      /different recipes/,
    ],
  ])("%s", async (_case, spoil, message) => {
    await using folder = await tempFolder();
    const { from, to, run } = await world(folder.path);
    await writeFile(join(to, "images.json"), '{"stamp":"2026.10.1"}');
    await spoil(from);
    await expect(run()).rejects.toThrow(message);
    expect(await readdir(to)).toEqual(["images.json"]);
    expect(await readFile(join(to, "images.json"), "utf8")).toContain("2026.10.1");
  });

  test("when containers would look for the agent runtime elsewhere", async () => {
    await using folder = await tempFolder();
    const { from, to } = await world(folder.path);
    const at = (url: string) => publish({ from, to, stamp, key: keys.privateKey, url });
    await expect(at("https://elsewhere.example/files")).rejects.toThrow(
      /not look for the agent runtime at https:\/\/elsewhere\.example\/files\/base-2026\.11\.1-runtime\.tar\.gz: .* same$/,
    );
    expect(await readdir(to)).toEqual([]);
    await expect(at(`${releaseUrl}/`)).resolves.toMatchObject({ stamp });
  });

  test("when another release has the stamp", async () => {
    await using folder = await tempFolder();
    const { to, run } = await world(folder.path);
    await writeFile(join(to, "images.json"), JSON.stringify({ stamp }));
    await expect(run()).rejects.toThrow(/another release with the stamp/);
    expect(await readdir(to)).toEqual(["images.json"]);
  });
});

test("a release that was touched, or signed by somebody else, is not believed", async () => {
  await using folder = await tempFolder();
  const { to, run } = await world(folder.path);
  await run();
  await expect(verifyRelease(to, newKey().publicKey)).rejects.toThrow(/not the signature/);
  await writeFile(join(to, "base-2026.11.1-x64.spdx.json"), "{}");
  await expect(verifyRelease(to, keys.publicKey)).rejects.toThrow(/spdx\.json is /);
  await writeFile(join(to, "base-2026.11.1-runtime.tar.gz"), "another");
  await expect(verifyRelease(to, keys.publicKey)).rejects.toThrow(/runtime\.tar\.gz is /);
  await writeFile(join(to, "images.json"), `${await readFile(join(to, "images.json"), "utf8")} `);
  await expect(verifyRelease(to, keys.publicKey)).rejects.toThrow(/not the signature/);
});

test("what is no key is refused by name", async () => {
  await using folder = await tempFolder();
  const { from, to } = await world(folder.path);
  await expect(publish({ from, to, stamp, key: "no key" })).rejects.toThrow(/keygen/);
  expect(await readdir(to)).toEqual([]);
});
