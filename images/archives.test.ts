import { execFileSync } from "node:child_process";
import { chmod, link, mkdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../tests/support/temp-folder.ts";
import { firstDifference } from "./compare.ts";
import { hashFile, hashOf } from "./fetch.ts";
import { writeLxd } from "./lxd.ts";
import { type ImageContent, writeOci } from "./oci.ts";
import { readRecipeFile } from "./recipe.ts";

/** The root of an image in small, made in another order and at another time. */
async function rootIn(folder: string, names: readonly string[], seconds: number): Promise<string> {
  const root = join(folder, "root");
  for (const name of names) {
    await mkdir(join(root, "etc"), { recursive: true });
    await writeFile(join(root, "etc", name), `${name}\n`);
    await chmod(join(root, "etc", name), 0o644);
    await utimes(join(root, "etc", name), seconds, seconds);
  }
  await link(join(root, "etc/a"), join(root, "hard"));
  await symlink("etc/b", join(root, "soft"));
  for (const path of [".", "etc"]) await chmod(join(root, path), 0o755);
  return root;
}

async function imageIn(folder: string, names: readonly string[], seconds: number) {
  const file = await readRecipeFile();
  const content: ImageContent = {
    arch: "arm64",
    file,
    recipe: `sha256:${"ab".repeat(32)}`,
    root: await rootIn(folder, names, seconds),
  };
  const [oci, lxd] = [join(folder, "x.oci.tar"), join(folder, "x.lxd.tar.zst")];
  const written = await writeOci(content, join(folder, "oci"), oci);
  await writeLxd(content, join(folder, "lxd"), lxd);
  return { oci, lxd, written, hashes: [await hashFile(oci), await hashFile(lxd)] };
}

/** Later than anything in an image may be. */
const tomorrow = 4_000_000_000;

test("an image comes out the same from another folder, at another time, in another order", async () => {
  await using one = await tempFolder();
  await using two = await tempFolder();
  const first = await imageIn(one.path, ["a", "b"], tomorrow);
  const second = await imageIn(two.path, ["b", "a"], tomorrow + 5);
  expect(second).toMatchObject({ hashes: first.hashes, written: first.written });
});

test("where two differ is named", async () => {
  await using one = await tempFolder();
  await using two = await tempFolder();
  const first = await imageIn(one.path, ["a", "b"], 1);
  const second = await imageIn(two.path, ["a", "b", "new"], 1);
  expect(second.hashes).not.toEqual(first.hashes);
  expect(await firstDifference(first.lxd, second.lxd)).toContain("rootfs/etc/new");
  // Blobs are named by their content: it is the layer that is looked into.
  expect(await firstDifference(first.oci, second.oci)).toContain("./etc/new");
});

test("Docker's description and OCI's are of the same bytes", async () => {
  await using folder = await tempFolder();
  const { oci, written } = await imageIn(folder.path, ["a", "b"], 1);
  const inside = join(folder.path, "inside");
  await mkdir(inside);
  execFileSync("tar", ["-xf", oci, "-C", inside]);
  const json = async (path: string) => JSON.parse(await readFile(join(inside, path), "utf8"));
  const blob = (digest: string) => `blobs/sha256/${digest.replace("sha256:", "")}`;
  const index = await json("index.json");
  const [{ Config, Layers, RepoTags }] = await json("manifest.json");
  expect(index.manifests[0].digest).toBe(written.manifestDigest);
  const manifest = await json(blob(written.manifestDigest));
  expect([Config, Layers]).toEqual([blob(manifest.config.digest), [blob(manifest.layers[0].digest)]]);
  expect([manifest.config.digest, RepoTags]).toEqual([
    written.imageId,
    [`haversack/base:${(await readRecipeFile()).stamp}`],
  ]);
  for (const path of [Config, ...Layers]) {
    expect(path).toBe(`blobs/sha256/${hashOf(await readFile(join(inside, path)))}`);
  }
  expect(await json(Config)).toMatchObject({
    architecture: "arm64",
    config: { User: "10001:10001", Labels: { "haversack.stamp": (await readRecipeFile()).stamp } },
  });
});
