import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HaversackClient } from "@haversack/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient, fakeRun, someDigest, unknownRun } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

const vectors = join(import.meta.dirname, "../../../snapshot/vectors/v1");
const vector = (name: string): string => join(vectors, `packs/${name}.gz`);
const golden = join(vectors, "pack.gz");
const goldenDigest = readFileSync(join(vectors, "digest.txt"), "utf8").trim();

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function snapshot(
  args: readonly string[],
  client: Partial<HaversackClient> = {},
  limits: Readonly<Record<string, string>> = {},
) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t", ...limits };
  const outside = fakeOutside({ env, cwd: folder });
  const code = await runProgram(["snapshot", ...args], outside, () => fakeClient(client));
  return { code, ...outside.written };
}

/** A coordinator that holds these packs, by the name that it is asked for. */
function holding(packs: Readonly<Record<string, string>>): Partial<HaversackClient> {
  return {
    run: async (id) => fakeRun(id),
    snapshot: async function* (name) {
      const bytes = readFileSync(packs[name] ?? "");
      yield bytes.subarray(0, 100);
      yield bytes.subarray(100);
    },
  };
}

describe("haversack snapshot verify", () => {
  test("names what is sound", async () => {
    const { code, out } = await snapshot(["verify", golden]);
    expect({ code, out }).toEqual({
      code: exitCodes.ok,
      out: expect.stringMatching(new RegExp(`^✓ ${goldenDigest}\n {2}\\S+ \\S+ packed, `)),
    });
    expect((await snapshot(["verify", golden, "--digest", goldenDigest])).code).toBe(exitCodes.ok);
    const json: unknown = JSON.parse((await snapshot(["verify", golden, "--json"])).out);
    expect(json).toMatchObject({ valid: true, formatVersion: 1, digest: goldenDigest });
  });

  test.each([
    ["flipped-bit", "snapshot_corrupt"],
    ["second-member", "snapshot_hostile"],
    ["soul-too-long", "snapshot_too_large"],
    ["unknown-key", "snapshot_invalid"],
    ["version-2", "snapshot_version_unsupported"],
  ])("refuses %s with %s", async (name, code) => {
    const plain = await snapshot(["verify", vector(name)]);
    expect(plain).toEqual({ code: exitCodes.invalid, out: "", err: expect.stringContaining("haversack: ") });
    const json = await snapshot(["verify", vector(name), "--json"]);
    expect(json.code).toBe(exitCodes.invalid);
    expect(JSON.parse(json.out)).toMatchObject({ valid: false, code });
  });

  test("refuses another snapshot than the one that was asked for", async () => {
    const other = await snapshot(["verify", golden, "--digest", `sha256:${"0".repeat(64)}`]);
    expect(other).toMatchObject({ code: exitCodes.invalid, err: expect.stringContaining(goldenDigest) });
    expect((await snapshot(["verify", golden, "--digest", "0000"])).code).toBe(exitCodes.invalid);
  });

  test("tells what is no file, and what is too long for a snapshot, without reading it", async () => {
    expect((await snapshot(["verify", "nothing"])).code).toBe(exitCodes.missing);
    expect((await snapshot(["verify", folder])).code).toBe(exitCodes.invalid);
    writeFileSync(join(folder, "long"), new Uint8Array(4 * 1024 * 1024 + 1));
    expect(await snapshot(["verify", "long"])).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("more than 4194304 bytes"),
    });
    expect((await snapshot(["verify"])).code).toBe(exitCodes.invalid);
  });
});

describe("haversack snapshot extract", () => {
  test("writes the files of the skills, with their modes", async () => {
    const { code, out, err } = await snapshot(["extract", golden, "-o", "deep/skills"]);
    expect(code).toBe(exitCodes.ok);
    expect(out).toContain("0755  release-notes/scripts/commits.sh\n");
    expect(err).toContain("wrote 3 files of 1 skills into deep/skills");
    const script = join(folder, "deep/skills/release-notes/scripts/commits.sh");
    const original = join(vectors, "agents/skills/release-notes/scripts/commits.sh");
    expect(readFileSync(script)).toEqual(readFileSync(original));
    expect(statSync(script).mode & 0o777).toBe(0o755);
  });

  test("fetches what is no file, and tells it as JSON", async () => {
    const { out } = await snapshot(
      ["extract", "run-1/greet", "-o", "s", "--json"],
      holding({ "run-1/greet": golden }),
    );
    expect(JSON.parse(out)).toMatchObject({
      digest: goldenDigest,
      folder: join(folder, "s"),
      files: expect.arrayContaining([{ path: "release-notes/SKILL.md", mode: "0644" }]),
    });
  });

  test("never writes over what is there", async () => {
    mkdirSync(join(folder, "taken"));
    writeFileSync(join(folder, "file"), "mine");
    for (const taken of ["taken", "file", "."]) {
      const { code, err } = await snapshot(["extract", golden, "-o", taken]);
      expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("is there already")]);
    }
    expect((await snapshot(["extract", golden, "-o", "file/below"])).code).toBe(exitCodes.invalid);
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("mine");
  });

  test.each(["path-up", "path-absolute", "path-case"])("leaves nothing of a pack with %s", async (name) => {
    const { code } = await snapshot(["extract", vector(name), "-o", "out"]);
    expect(code).toBe(exitCodes.invalid);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  test("says what it misses", async () => {
    expect(await snapshot(["extract", golden])).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("-o, --output"),
    });
    expect((await snapshot(["extract", "nothing", "-o", "out"])).code).toBe(exitCodes.missing);
  });
});

describe("haversack snapshot diff", () => {
  test("shows parts, leaves and lines", async () => {
    const { code, out } = await snapshot(["diff", vector("smallest"), vector("pin")]);
    expect(code).toBe(exitCodes.ok);
    expect(out).toContain("~ config\n  effects\n");
    expect(out).toContain('  profile\n  - null\n  + "release-writer"\n');
    expect(out).toContain("  ~ instructions\n    @@ -0,0 +1,1 @@\n    +Write the release notes.\n");
    expect(out).toContain("+ skills/release-notes\n");
  });

  test("says so when there is nothing to show, whatever the files", async () => {
    const { code, out } = await snapshot(["diff", vector("full"), vector("stored")]);
    expect({ code, out }).toEqual({
      code: exitCodes.ok,
      out: expect.stringMatching(/^equal: both are sha256:/),
    });
  });

  test("compares steps of runs, as JSON", async () => {
    const client = holding({ "run-1/a": vector("pin"), "run-2/a": vector("full") });
    const { code, out } = await snapshot(["diff", "run-1/a", "run-2/a", "--json"], client);
    expect(code).toBe(exitCodes.ok);
    expect(JSON.parse(out)).toEqual({
      equal: false,
      before: expect.stringMatching(/^sha256:/),
      after: expect.stringMatching(/^sha256:/),
      parts: [
        { section: "memory", id: "dags/nightly-release", change: "added", values: [], texts: [] },
        { section: "memory", id: "global", change: "added", values: [], texts: [] },
      ],
    });
  });

  test("answers with its exit code when it is asked to, as git diff does", async () => {
    const different = ["diff", vector("smallest"), vector("pin"), "--exit-code"];
    expect((await snapshot(different)).code).toBe(exitCodes.different);
    expect((await snapshot([...different, "--json"])).code).toBe(exitCodes.different);
    expect((await snapshot(["diff", vector("full"), vector("stored"), "--exit-code"])).code).toBe(0);
    expect((await snapshot(["diff", golden, vector("ratio"), "--exit-code"])).code).toBe(exitCodes.invalid);
  });

  test("never lets a skill move the cursor", async () => {
    const { out } = await snapshot(["diff", vector("smallest"), vector("spelling")]);
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
  });

  test("refuses what is no snapshot", async () => {
    expect((await snapshot(["diff", golden, vector("ratio")])).code).toBe(exitCodes.invalid);
    expect((await snapshot(["diff", golden, "nothing"])).code).toBe(exitCodes.missing);
    expect((await snapshot(["diff", golden])).code).toBe(exitCodes.invalid);
  });
});

describe("haversack snapshot keep", () => {
  const kept = { digest: someDigest, name: "run-1/greet", note: "a\u001bb", keptAt: 0, compressedSize: 2048 };
  const asked: string[][] = [];
  const client: Partial<HaversackClient> = {
    run: async (id) => (id === "gone" ? Promise.reject(unknownRun()) : fakeRun("run-1")),
    runs: async () => ({ runs: [fakeRun("run-1")], nextPageToken: "" }),
    keepSnapshot: async (name, note) => {
      asked.push(["keep", name, note]);
      return someDigest;
    },
    unkeepSnapshot: async (name) => void asked.push(["unkeep", name]),
    keptSnapshots: async () => [kept],
  };
  beforeEach(() => void (asked.length = 0));

  test("keeps by digest and by step, with a note", async () => {
    const plain = await snapshot(["keep", "latest/greet", "--note", "release 2"], client);
    expect(plain).toMatchObject({ code: exitCodes.ok, out: `kept ${someDigest}\n` });
    const json = await snapshot(["keep", someDigest, "--json"], client);
    expect(JSON.parse(json.out)).toEqual({ digest: someDigest, name: someDigest });
    expect(asked).toEqual([
      ["keep", "run-1/greet", "release 2"],
      ["keep", someDigest, ""],
    ]);
  });

  test("lists what is kept; a note cannot move the cursor", async () => {
    const { out } = await snapshot(["keep", "--list"], client);
    expect(out).toMatch(/^KEPT +SIZE +NAME +NOTE +DIGEST\n\S+ \S+ +2\.0 KiB +run-1\/greet +a\\x1bb +sha256:/);
    const json = await snapshot(["keep", "--list", "--json"], client);
    expect(JSON.parse(json.out)).toEqual({ kept: [{ ...kept, keptAt: "1970-01-01T00:00:00.000Z" }] });
    const none = await snapshot(["keep", "--list"], { keptSnapshots: async () => [] });
    expect(none).toMatchObject({ code: 0, out: "", err: expect.stringContaining("no snapshot is kept") });
  });

  test("removes by name, even when the run of that name is forgotten", async () => {
    expect(await snapshot(["keep", "--remove", "latest/greet"], client)).toMatchObject({
      code: exitCodes.ok,
      out: expect.stringContaining("run-1/greet is kept no longer"),
    });
    await snapshot(["keep", "--remove", "gone/greet"], client);
    expect(asked).toEqual([
      ["unkeep", "run-1/greet"],
      ["unkeep", "gone/greet"],
    ]);
    expect((await snapshot(["keep", "gone/greet"], client)).code).toBe(exitCodes.missing);
  });

  test.each([[[]], [["--list", "--remove", "x"]], [["latest/greet", "--list"]], [["--list", "--note", "x"]]])(
    "%j asks for nothing, or for two things",
    async (args) => {
      expect((await snapshot(["keep", ...args], client)).code).toBe(exitCodes.invalid);
      expect(asked).toEqual([]);
    },
  );
});

describe("the limits of the environment", () => {
  const verbs = [
    ["inspect", golden],
    ["verify", golden],
    ["extract", golden, "-o", "out"],
    ["diff", golden, golden],
  ];

  test.each(verbs)("hold for %s", async (...args) => {
    const small = await snapshot(args, {}, { HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "1KiB" });
    expect(small).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("over the limit of 1.0 KiB"),
    });
    const compressed = await snapshot(args, {}, { HAVERSACK_SNAPSHOT_MAX_COMPRESSED: "1024" });
    expect(compressed).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("1024 bytes"),
    });
    expect((await snapshot(args, {}, { HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "32MiB" })).code).toBe(0);
  });

  test("are refused by name when they are none", async () => {
    const wrong = await snapshot(["verify", golden], {}, { HAVERSACK_SNAPSHOT_MAX_COMPRESSED: "4 MB" });
    expect(wrong).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("HAVERSACK_SNAPSHOT_MAX_COMPRESSED: expected a size"),
    });
  });
});

test("haversack snapshot schema prints the published schema", async () => {
  const { code, out } = await snapshot(["schema"]);
  expect({ code, out }).toEqual({ code: 0, out: readFileSync(join(vectors, "schema.json"), "utf8") });
});

test.each(["build", "inspect", "save", "verify", "extract", "diff", "keep", "schema"])(
  "haversack snapshot %s explains itself with an example",
  async (name) => {
    expect((await snapshot([name, "--help"])).out).toMatch(/\n {2}\$ haversack snapshot /);
  },
);
