import { FaultError } from "@haversack/base";
import { describe, expect, test } from "vitest";
import { baseImageOf, parseImageManifest } from "./manifest.ts";

const hex = "ab".repeat(32);

function written() {
  return {
    format: "haversack-images",
    version: 1,
    name: "base",
    stamp: "2026.11.1",
    recipe: `sha256:${"11".repeat(32)}`,
    arches: {
      x64: {
        oci: {
          urls: ["https://mirror.example/base-x64.oci.tar?token=a", "file:///srv/base-x64.oci.tar"],
          sha256: hex,
          size: 101_300_000,
          unpacked: 280_800_000,
          imageId: `sha256:${"22".repeat(32)}`,
          manifestDigest: `sha256:${"33".repeat(32)}`,
        },
        lxd: {
          urls: ["http://127.0.0.1:8080/base.lxd.tar.zst", "http://[::1]/b"],
          sha256: hex,
          size: 1,
          unpacked: 2,
        },
        ref: `registry.example:5000/haversack/base@sha256:${hex}`,
        sbom: { url: "https://mirror.example/base-x64.spdx.json", sha256: hex },
      },
    },
  };
}

type Written = ReturnType<typeof written>;

function problemsOf(change: (manifest: Written) => unknown): string {
  const whole = written();
  change(whole);
  try {
    parseImageManifest(JSON.stringify(whole), "/etc/images.json");
  } catch (error) {
    expect(error).toBeInstanceOf(FaultError);
    return (error as FaultError).message;
  }
  return "nothing";
}

test("what a publisher writes is what a worker is told", () => {
  const base = baseImageOf(parseImageManifest(JSON.stringify(written()), "images.json"));
  expect([base.stamp, base.recipe, [...base.arches.keys()]]).toEqual([
    "2026.11.1",
    `sha256:${"11".repeat(32)}`,
    ["x64"],
  ]);
  const { oci, lxd, ref } = base.arches.get("x64") ?? {};
  expect(oci).toMatchObject({
    sha256: `sha256:${hex}`,
    size: 101_300_000,
    imageId: `sha256:${"22".repeat(32)}`,
  });
  expect(lxd?.imageId).toBeUndefined();
  expect(ref).toBe(`registry.example:5000/haversack/base@sha256:${hex}`);
});

describe("each fault names the file and the field", () => {
  const x64 = ({ arches }: Written) => arches.x64;
  const cases: readonly [string, (manifest: Written) => unknown, string][] = [
    [
      "a tag",
      (m) => (x64(m).ref = "registry.example/base:latest"),
      "arches.x64.ref: expected HOST/NAME@sha256",
    ],
    ["a tag beside the digest", (m) => (x64(m).ref = `r.example/base:1@sha256:${hex}`), "a tag is refused"],
    [
      "plain http",
      (m) => (x64(m).oci.urls[1] = "http://mirror.example/b"),
      "arches.x64.oci.urls[1]: is unprotected",
    ],
    ["another scheme", (m) => (x64(m).oci.urls[0] = "ftp://mirror.example/b"), "has the scheme ftp:"],
    ["a file of another host", (m) => (x64(m).oci.urls[0] = "file://host/b"), "names the host host"],
    ["a password", (m) => (x64(m).oci.urls[0] = "https://a:b@mirror.example/b"), "has a password in it"],
    ["no url", (m) => (x64(m).lxd.urls = []), "arches.x64.lxd.urls: expected at least one url"],
    ["a size that is too large", (m) => (x64(m).oci.size = 2 ** 53), "arches.x64.oci.size: "],
    ["half a byte", (m) => (x64(m).oci.size = 0.5), "arches.x64.oci.size: expected a whole number of bytes"],
    [
      "a size as text",
      (m) => Object.assign(x64(m).oci, { size: "12" }),
      "arches.x64.oci.size: expected a whole",
    ],
    ["a short hash", (m) => (x64(m).oci.sha256 = "ab"), "arches.x64.oci.sha256: expected 64"],
    [
      "a hash with its kind",
      (m) => (x64(m).oci.sha256 = `sha256:${hex}`),
      "arches.x64.oci.sha256: expected 64",
    ],
    ["an unknown key", (m) => Object.assign(m, { stampe: 1 }), 'unknown key "stampe"; did you mean "stamp"'],
    ["an unknown architecture", (m) => Object.assign(m.arches, { riscv: x64(m) }), "arches.riscv: "],
    [
      "no architecture",
      (m) => Object.assign(m, { arches: {} }),
      "arches: expected at least one architecture",
    ],
    ["no file", (m) => Object.assign(m.arches, { arm64: {} }), "arches.arm64: expected oci, lxd or both"],
    ["another format", (m) => (m.format = "images"), 'format: expected "haversack-images"'],
    ["a later version", (m) => (m.version = 2), "version: is 2, this Haversack reads 1"],
    ["no recipe", (m) => Object.assign(m, { recipe: undefined }), "recipe: is required"],
    ["a stamp that is a path", (m) => (m.stamp = "../x"), "stamp: expected at most 64"],
  ];
  test.each(cases)("%s", (_name, change, expected) => {
    const problems = problemsOf(change);
    expect(problems).toContain(expected);
    for (const line of problems.split("\n")) expect(line).toMatch(/^\/etc\/images\.json: /);
  });

  test("all at once", () => {
    const problems = problemsOf((m) => {
      m.stamp = "";
      x64(m).oci.size = -1;
    });
    expect(problems.split("\n")).toHaveLength(2);
  });

  test("what is no JSON", () => {
    expect(() => parseImageManifest("{", "images.json")).toThrow(/^images\.json: is no JSON/);
    expect(() => parseImageManifest("[]", "images.json")).toThrow(/^images\.json: expected object/);
  });
});
