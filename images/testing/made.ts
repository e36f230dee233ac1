/** Builds that passed their smoke tests, with small files in the place of images. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Arch } from "../arch.ts";
import { hashOf } from "../fetch.ts";
import { baseName, recordName, smokeName, writeRecord } from "../records.ts";

export const stamp = "2026.11.1";
export const releaseUrl = "https://files.example/base";
const runtime = "runtime";
/** Where the runtime is, and what it is. */
export const smallRecipe = `# ${releaseUrl}/base-${stamp}-runtime.tar.gz
runtime_lock='${hashOf(runtime)} ${runtime.length}'
`;

/** What build and smoke leave. */
export async function made(folder: string, arch: Arch, script = smallRecipe): Promise<void> {
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return { name, sha256: hashOf(text), size: text.length };
  };
  const name = baseName(stamp, arch);
  const id = `sha256:${"bb".repeat(32)}`;
  const oci = {
    ...(await file(`${name}.oci.tar`, `oci ${arch}`)),
    imageId: id,
    manifestDigest: id,
    unpacked: 9,
  };
  const lxd = { ...(await file(`${name}.lxd.tar.zst`, `lxd ${arch}`)), unpacked: 9 };
  const sbom = await file(`${name}.spdx.json`, `{"of":"${arch}"}`);
  const shared = [
    await file(`base-${stamp}.recipe.sh`, script),
    await file(`base-${stamp}-runtime.tar.gz`, runtime),
  ];
  const images = [oci, lxd].map(({ name: each, sha256, size }) => ({ name: each, sha256, size }));
  await writeRecord(join(folder, recordName(stamp, arch)), {
    arch,
    stamp,
    recipe: `sha256:${hashOf(script)}`,
    oci,
    lxd,
    sbom,
    images,
    files: [...images, sbom],
    shared,
  });
  const passed = images.map((each) => ({ engine: "docker", ...each }));
  await writeRecord(join(folder, smokeName(stamp, arch)), { arch, stamp, passed });
}
