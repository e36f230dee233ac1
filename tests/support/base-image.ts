/**
 * A base image as small as one can be, and the recipe that makes the same of a plain image: programs of a static busybox,
 * and an `init` that keeps the contract of `images/README.md`. What the release pipeline makes is tried out there.
 */

import { writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { digestOf, type ImageShelf, type ShelvedImage } from "./image-shelf.ts";
import { lxdImage } from "./lxd-image.ts";
import { type TarEntry, tarArchive } from "./tar-archive.ts";
import { ballastEntries, busyboxEntries, busyboxLayer } from "./test-images.ts";

export interface TestBaseImage {
  readonly stamp: string;
  readonly manifestFile: string;
  readonly recipeFile: string;
  readonly image: ShelvedImage;
  /** Bytes of the file that workers download. */
  readonly size: number;
  /** As `--fallback-image` takes it. */
  readonly fallback: string;
}

export interface TestBaseOptions {
  readonly folder: string;
  readonly stamp?: string;
  /** How much the image has that nobody needs, and that does not compress. */
  readonly ballastBytes: number;
  /** What the recipe does besides, such as taking its time; lines of a shell. */
  readonly recipeWork?: string;
  /** For whom the file is that workers download; absent: Docker and Podman. */
  readonly imageFile?: "oci" | "lxd";
}

const init = `#!/bin/sh
if [ $# -eq 0 ]; then set -- /opt/haversack/bin/agent-server; fi
if [ "\${HAVERSACK_WAIT:-}" = start ]; then
  until [ -e /run/haversack/start ]; do sleep 0.1; done
fi
# Process 1 hears only the signals that it asks for.
"$@" &
command=$!
trap 'kill "$command" 2> /dev/null' TERM INT
wait "$command" && exit 0
code=$?
wait "$command" 2> /dev/null
exit $code
`;
const architectures = { x64: "amd64", arm64: "arm64" } as const;

/** Serves it at the registry, and writes `images.json` and the recipe into the folder. */
export async function testBaseImage(
  registry: ImageShelf & { readonly host: string },
  { folder, stamp = "2026.11.1", ballastBytes, recipeWork = "", imageFile = "oci" }: TestBaseOptions,
): Promise<TestBaseImage> {
  const own = arch() === "arm64" ? "arm64" : "x64";
  const script = recipeScript(stamp, own, recipeWork);
  const recipe = digestOf(Buffer.from(script));
  const platform = architectures[own];
  const content = [busyboxEntries(), baseEntries({ stamp, recipe, arch: own }), ballastEntries(ballastBytes)];
  const image = registry.image(
    content.map((entries) => tarArchive(entries)),
    {
      arch: platform,
      entrypoint: ["/opt/haversack/bin/init"],
      command: ["/opt/haversack/bin/agent-server"],
      user: "10001:10001",
      labels: { "haversack.stamp": stamp },
    },
  );
  const bytes =
    imageFile === "oci" ? registry.archive(image) : lxdImage(content.flat(), { arch: own, stamp });
  const name = `base-${stamp}.${imageFile}.tar`;
  const file = registry.file(name, bytes);
  const plain = registry.image([busyboxLayer()], { arch: platform });
  registry.tag("haversack/plain", "1", plain);
  const published = {
    urls: [`http://${registry.host}/files/${name}`],
    sha256: file.digest.slice("sha256:".length),
    size: file.data.length,
    unpacked: ballastBytes + 4_000_000,
    ...(imageFile === "oci" && { imageId: image.config.digest, manifestDigest: image.digest }),
  };
  const manifest = {
    format: "haversack-images",
    version: 1,
    name: "base",
    stamp,
    recipe,
    arches: { [own]: { [imageFile]: published } },
  };
  const manifestFile = join(folder, "images.json");
  const recipeFile = join(folder, "recipe.sh");
  await writeFile(recipeFile, script);
  await writeFile(manifestFile, JSON.stringify(manifest));
  const fallback = `${registry.host}/haversack/plain@${plain.digest}`;
  return { stamp, manifestFile, recipeFile, image, size: file.data.length, fallback };
}

const agentServer = `#!/bin/sh
mkdir -p /tmp/www && echo "agent of $(hostname)" > /tmp/www/healthz
exec httpd -f -p 8080 -h /tmp/www
`;

/** What the recipe writes. */
export function baseEntries(of: {
  readonly stamp: string;
  readonly recipe: string;
  readonly arch: string;
}): TarEntry[] {
  const proof = JSON.stringify({ format: "haversack-base", version: 1, ...of, versions: {} });
  return [
    { name: "opt/" },
    { name: "opt/haversack/" },
    { name: "opt/haversack/bin/" },
    { name: "opt/haversack/bin/init", data: init },
    { name: "opt/haversack/bin/agent-server", data: agentServer },
    { name: "etc/haversack-base.json", mode: 0o644, data: `${proof}\n` },
  ];
}

/** Names itself by its own digest, as the proof wants it. Needs no network. @param work lines of a shell, done first */
export function recipeScript(stamp: string, arch: string, work: string): string {
  return `#!/bin/sh
set -eu
echo "haversack phase check"
mkdir -p /opt/haversack/bin
${work}
cat > /opt/haversack/bin/init << 'INIT'
${init}INIT
cat > /opt/haversack/bin/agent-server << 'SERVER'
${agentServer}SERVER
chmod 755 /opt/haversack/bin/init /opt/haversack/bin/agent-server
recipe=$(busybox sha256sum "$0" | busybox cut -d ' ' -f 1)
echo "haversack phase finish"
printf '{"format":"haversack-base","version":1,"stamp":"${stamp}","recipe":"sha256:%s","arch":"${arch}","versions":{}}\\n' "$recipe" > /etc/.base
busybox mv /etc/.base /etc/haversack-base.json
`;
}
