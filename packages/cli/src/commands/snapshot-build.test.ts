import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { createPaint } from "../print/paint.ts";
import { runProgram } from "../program.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";
import { buildText } from "./snapshot-build-text.ts";

const vectors = join(import.meta.dirname, "../../../snapshot/vectors/v1");
const agents = join(vectors, "agents");
const golden = readFileSync(join(vectors, "digest.txt"), "utf8").trim();

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
  writeDag("nightly.yaml", "{ use: release-writer, prompt: Write }");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeDag(file: string, ...settings: string[]): void {
  const steps = settings.map((agent, index) => `  - { id: notes${index || ""}, agent: ${agent} }\n`);
  const run = "  - { id: count, run: wc }\n";
  writeFileSync(join(folder, file), `name: nightly-release\nsteps:\n${run}${steps.join("")}`);
}

async function build(args: string, env: NodeJS.ProcessEnv = {}) {
  const outside = fakeOutside({ env, cwd: folder });
  const argv = ["snapshot", "build", ...args.split(" ").filter(Boolean), "--agents", agents];
  const code = await runProgram(argv, outside, () => fakeClient({}));
  return { code, ...outside.written };
}

const json = async (args: string): Promise<never> => JSON.parse((await build(`${args} --json`)).out) as never;

describe("haversack snapshot build", () => {
  test("says of each step what is in and why, and what is read when it starts", async () => {
    const { code, out, err } = await build("nightly.yaml");
    expect({ code, err }).toEqual({ code: exitCodes.ok, err: "" });
    expect(out).toMatch(/^notes {2}nightly\.yaml:4\n {2}sha256:[0-9a-f]{64}\n {2}\S+ \S+ packed, /);
    for (const row of [
      /^config +release-writer +\S+ \S+ +[0-9a-f]{12} +step notes$/m,
      /^models +main +.*config\.yaml$/m,
      /^skills +release-notes +.*profile release-writer$/m,
      /^mcpServers +github +in config +profile release-writer$/m,
      /^memory +global +read when the step starts +profile release-writer$/m,
    ])
      expect(out).toMatch(row);
    expect(out).not.toContain("together:");
  });

  test("with memory, it is the golden pack: what a coordinator would send", async () => {
    const plain = await json("nightly.yaml");
    expect(plain).toMatchObject({
      valid: true,
      problems: [],
      deferred: [],
      steps: [
        {
          name: "notes",
          dag: "nightly-release",
          mcpServers: [{ id: "github", why: "profile release-writer" }],
          memory: [
            { scope: "dags/nightly-release", why: "profile release-writer", included: false },
            { scope: "global", why: "profile release-writer", included: false },
          ],
        },
      ],
    });
    const [step] = (await json("nightly.yaml --with-memory"))["steps"] as never[];
    expect(step).toMatchObject({ digest: golden });
    expect(JSON.stringify(step)).not.toContain('"included":false');
    const { out } = await build("nightly.yaml --with-memory");
    expect(out).toContain(golden);
    expect(out).not.toContain("read when the step starts");
  });

  test("writes one pack for each agent step, or that of one step", async () => {
    writeDag("two.yaml", "{ use: release-writer, prompt: a }", "{ prompt: b, model: local }");
    const all = await build("two.yaml --output deep/packs --with-memory");
    expect(all).toMatchObject({ code: exitCodes.ok, err: expect.stringContaining("deep/packs/notes1.gz") });
    expect(readdirSync(join(folder, "deep/packs")).toSorted()).toEqual(["notes.gz", "notes1.gz"]);
    const written = readFileSync(join(folder, "deep/packs/notes.gz"));
    expect(Buffer.compare(written, readFileSync(join(vectors, "pack.gz")))).toBe(0);
    const one = await json("two.yaml --step notes1 --output one.gz");
    expect(one).toMatchObject({ steps: [{ name: "notes1", file: "one.gz" }] });
    expect(readFileSync(join(folder, "one.gz"))).toEqual(readFileSync(join(folder, "deep/packs/notes1.gz")));
  });

  test("counts what the steps share once", async () => {
    writeDag("twice.yaml", "{ use: release-writer, prompt: a }", "{ use: release-writer, prompt: b }");
    const { out } = await build("twice.yaml");
    expect(out).toMatch(/^together: 5 different parts, \S+ \S+ unpacked; in 2 packs /m);
    const { steps, union } = await json("twice.yaml");
    const sizes = (steps as { uncompressedSize: number }[]).map((step) => step.uncompressedSize);
    expect((union as { uncompressedSize: number }).uncompressedSize).toBeLessThan(sizes[0] ?? 0);
  });

  test("tells every problem of the DAG and of the library at once, and writes nothing", async () => {
    writeDag("bad.yaml", "{ use: release-writr, prompt: a }", "{ prompt: b, skills: [x], model: main }");
    const { code, out, err } = await build("bad.yaml --output packs");
    expect({ code, out }).toEqual({ code: exitCodes.invalid, out: "" });
    expect(err).toContain('bad.yaml:4:27: steps[1].agent.use: the library has no profile "release-writr"');
    expect(err).toContain("bad.yaml:5:48: steps[2].agent.skills[0]: ");
    expect(existsSync(join(folder, "packs"))).toBe(false);
    writeFileSync(join(folder, "no-dag.yaml"), "name: x\nstep: []\n");
    expect(await build("no-dag.yaml")).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("no-dag.yaml:2:1: step:"),
    });
    const problems = JSON.parse((await build("bad.yaml --json")).out) as { problems: { code: string }[] };
    expect(problems.problems.map(({ code }) => code)).toEqual(["unknown_profile", "unknown_skill"]);
  });

  test("refuses an expression where an item is named: items are pinned at submission", async () => {
    writeDag("dynamic.yaml", '{ use: "${{ params.profile }}", prompt: a }');
    expect(await build("dynamic.yaml")).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringMatching(
        /^dynamic\.yaml:4:27: steps\[1\]\.agent\.use: is an expression, but the items/,
      ),
    });
  });

  test("says what is planned later, and why not here", () => {
    const deferred = [
      { dag: "main", step: "a", use: "stored", why: "no DAG store" },
      { dag: "main", step: "b", use: "${{ item }}", why: "dynamic name" },
    ] as const;
    const text = buildText({ steps: [], deferred, problems: [] }, createPaint(false));
    expect(text).toMatch(/^not planned here\nSTEP +DAG +WHY\n/);
    expect(text).toMatch(/^main\/a +stored +planned at submission: there is no DAG store here/m);
    expect(text).toMatch(
      /^main\/b +\$\{\{ item \}\} +its name is an expression: planned when the child run/m,
    );
  });

  test("holds the limits of the environment", async () => {
    const { code, err } = await build("nightly.yaml", { HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "513KiB" });
    expect(code).toBe(exitCodes.invalid);
    expect(err).toMatch(/^nightly\.yaml:4:.*over 513\.0 KiB with 512\.0 KiB kept free for memory: config /);
  });

  test("names the step, the file or the folder that is not there", async () => {
    expect(await build("nightly.yaml --step note")).toMatchObject({
      code: exitCodes.missing,
      err: expect.stringContaining('no agent step "note": the DAG has notes; did you mean "notes"?'),
    });
    expect((await build("nothing.yaml")).code).toBe(exitCodes.invalid);
    const outside = fakeOutside({ cwd: folder });
    const argv = ["snapshot", "build", "nightly.yaml", "--agents", "nowhere"];
    expect(await runProgram(argv, outside, () => fakeClient({}))).toBe(exitCodes.missing);
    expect(outside.written.err).toContain("there is no folder nowhere");
  });

  test.each(["--output taken", "--output taken/below", "--output folder --step notes"])(
    "%s is in the way, which is no bug",
    async (args) => {
      writeFileSync(join(folder, "taken"), "mine");
      mkdirSync(join(folder, "folder"));
      const { code, err } = await build(`nightly.yaml ${args}`);
      expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("cannot be written")]);
      expect(readFileSync(join(folder, "taken"), "utf8")).toBe("mine");
      expect(readdirSync(folder).toSorted()).toEqual(["folder", "nightly.yaml", "taken"]);
    },
  );

  test("a DAG without agents needs none", async () => {
    writeDag("plain.yaml");
    expect(await build("plain.yaml")).toMatchObject({
      code: 0,
      out: "no step is an agent: no snapshot is needed\n",
    });
  });
});
