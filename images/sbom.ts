/** The bill of materials of an image, SPDX 2.3 in JSON: every Debian package of the lock, Node, and what npm brought. */

import type { Arch } from "./arch.ts";
import { hashOf } from "./fetch.ts";
import type { Recipe } from "./recipe.ts";
import type { PackedRuntime } from "./runtime.ts";

interface Item {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** A package URL, which names it for programs. */
  readonly purl: string;
  readonly download: string;
  readonly license: string;
  readonly checksum?: { readonly algorithm: "SHA256" | "SHA512"; readonly checksumValue: string };
}

/** The same bytes for the same recipe. */
export function sbomText(arch: Arch, recipe: Recipe, runtime: PackedRuntime): string {
  const items = [...debianItems(arch, recipe), nodeItem(arch, recipe), ...npmItems(runtime)];
  const { stamp, epochSeconds } = recipe.file;
  const name = `haversack-base-${stamp}-${arch}`;
  const image = "SPDXRef-image";
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${hashOf(recipe.text).slice(0, 32)}`,
    creationInfo: {
      created: new Date(epochSeconds * 1000).toISOString().replace(".000Z", "Z"),
      creators: ["Tool: haversack-images"],
    },
    packages: [
      {
        SPDXID: image,
        name: "haversack-base",
        versionInfo: stamp,
        ...unknown,
        downloadLocation: "NOASSERTION",
      },
      ...items.map(packageOf),
    ],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: image },
      ...items.map(({ id }) => ({
        spdxElementId: image,
        relationshipType: "CONTAINS",
        relatedSpdxElement: id,
      })),
    ],
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

const unknown = {
  filesAnalyzed: false,
  licenseConcluded: "NOASSERTION",
  copyrightText: "NOASSERTION",
} as const;

const packageOf = ({ id, name, version, purl, download, license, checksum }: Item) => ({
  SPDXID: id,
  name,
  versionInfo: version,
  ...unknown,
  downloadLocation: download,
  licenseDeclared: license,
  ...(checksum !== undefined && { checksums: [checksum] }),
  externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }],
});

const idOf = (kind: string, name: string, version: string) =>
  `SPDXRef-${kind}-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`;

function debianItems(arch: Arch, { lock, file }: Recipe): Item[] {
  return lock.debian[arch].map(({ name, version, arch: debianArch, sha256, path }) => ({
    id: idOf("deb", name, version),
    name,
    version,
    purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${debianArch}&distro=${file.suite}`,
    download: `${(file.mirrors[0] ?? "").replace("%a", path.startsWith("pool/updates/") ? "debian-security" : "debian")}/${path}`,
    // Each has its own in /usr/share/doc/NAME/copyright, which stays in the image.
    license: "NOASSERTION",
    checksum: { algorithm: "SHA256", checksumValue: sha256 },
  }));
}

function nodeItem(arch: Arch, { lock, file }: Recipe): Item {
  const { sha256, path, license } = lock.node[arch];
  const name = `node-linux-${arch}`;
  return {
    id: idOf("npm", name, file.node),
    name,
    version: file.node,
    purl: `pkg:npm/${name}@${file.node}`,
    download: `${file.registry}/${path}`,
    license,
    checksum: { algorithm: "SHA256", checksumValue: sha256 },
  };
}

function npmItems({ packages }: PackedRuntime): Item[] {
  return packages.map(({ name, version, integrity, license }) => ({
    id: idOf("npm", name, version),
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    download: `https://registry.npmjs.org/${name}/-/${name.slice(name.lastIndexOf("/") + 1)}-${version}.tgz`,
    license,
    checksum: {
      algorithm: "SHA512",
      checksumValue: Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex"),
    },
  }));
}
