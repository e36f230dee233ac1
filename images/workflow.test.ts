/** What a release workflow gets wrong only on the day of the release: names that nothing defines, jobs that do not wait, globs. */

import { readFile } from "node:fs/promises";
import { parseYaml } from "@haversack/snapshot";
import { describe, expect, test } from "vitest";
import { arches } from "./arch.ts";
import { baseName, recordName, smokeName } from "./records.ts";

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly needs?: string | readonly string[];
  readonly outputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: { readonly include: readonly Readonly<Record<string, string>>[] } };
  readonly steps: readonly Step[];
}

const text = await readFile(new URL("../.github/workflows/images.yml", import.meta.url), "utf8");
const { jobs } = parseYaml(text).value as {
  readonly jobs: Readonly<Record<string, Job>>;
};
const needsOf = ({ needs = [] }: Job): readonly string[] => (typeof needs === "string" ? [needs] : needs);
const expressions = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/\$\{\{\s*(.*?)\s*\}\}/g)].map(([, inner = ""]) => inner);

/** Whether what an expression reads is there, in this job. */
function isDefined(read: string, job: Job): boolean {
  const [context = "", first = "", , second = ""] = read.split(".");
  if (context === "needs") {
    return needsOf(job).includes(first) && jobs[first]?.outputs?.[second] !== undefined;
  }
  if (context === "matrix")
    return (job.strategy?.matrix.include ?? []).every((row) => row[first] !== undefined);
  if (context === "env") return job.env?.[first] !== undefined;
  if (context === "steps") return isOutput(job, first, second);
  return ["github.token", "secrets.IMAGES_SIGNING_KEY"].includes(read);
}

const isOutput = (job: Job, id: string, name: string) =>
  job.steps.some((step) => step.id === id && step.run?.includes(`"${name}=`) === true);

describe.each(Object.entries(jobs))("the job %s", (_name, job) => {
  test("waits for jobs that there are, and reads only what is defined", () => {
    expect(needsOf(job).filter((name) => jobs[name] === undefined)).toEqual([]);
    const reads = expressions(job);
    expect(reads.filter((read) => !isDefined(read, job))).toEqual([]);
  });

  test("uses variables that it sets", () => {
    const always = /^(?:GITHUB_\w+|RUNNER_TEMP|draft|file|last|stamp)$/;
    for (const step of job.steps) {
      const used = [...(step.run ?? "").matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = ""]) => name);
      const set = { ...job.env, ...step.env };
      expect(used.filter((name) => set[name] === undefined && !always.test(name))).toEqual([]);
    }
  });

  test("pins every action by commit", () => {
    const used = job.steps.flatMap(({ uses }) => uses ?? []);
    expect(used.filter((name) => !/^[\w./-]+@[0-9a-f]{40}$/.test(name))).toEqual([]);
  });
});

test("every architecture is built natively, and published only after all builds and smoke tests", () => {
  const rows = jobs["build"]?.strategy?.matrix.include ?? [];
  expect(new Set(rows.map(({ arch }) => arch))).toEqual(new Set(arches));
  expect(rows.find(({ arch }) => arch === "arm64")?.["runner"]).toMatch(/-arm$/);
  expect(needsOf(jobs["publish"] as Job)).toEqual(expect.arrayContaining(["plan", "build"]));
  const commands = (name: string) => jobs[name]?.steps.flatMap(({ run }) => run ?? []).join("\n") ?? "";
  expect(commands("build")).toMatch(
    /gh release download "\$last"[^]*images -- build .*--last last.json --twice[^]*images -- smoke .*--must docker --must podman --must lxd/,
  );
  const order = [
    "images -- publish",
    'gh release upload "images-$STAMP" "$file"',
    "images -- verify",
    "release/images.json\n",
    "--draft=false",
  ];
  const places = order.map((part) => commands("publish").indexOf(part));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places.every((place) => place >= 0)).toBe(true);
});

test("what a build hands on is named file by file, and taken by name", () => {
  const steps = jobs["build"]?.steps ?? [];
  const upload = steps.find(({ uses }) => uses?.startsWith("actions/upload-artifact"));
  expect(upload?.with).toMatchObject({ "if-no-files-found": "error" });
  const [stamp, arch] = ["STAMP", "ARCH"] as const;
  const listed = (upload?.with?.["path"] ?? "")
    .trim()
    .split("\n")
    .map((line) => line.replace("${{ env.STAMP }}", stamp).replace("${{ matrix.arch }}", arch));
  const name = baseName(stamp, arch as never);
  const files = [
    `${name}.oci.tar`,
    `${name}.lxd.tar.zst`,
    `${name}.spdx.json`,
    recordName(stamp, arch as never),
    smokeName(stamp, arch as never),
  ];
  const shared = [`base-${stamp}.recipe.sh`, `base-${stamp}-runtime.tar.gz`];
  expect(listed).toEqual([...files, ...shared].map((file) => `out/${file}`));
  const taken = jobs["publish"]?.steps.flatMap(({ uses, with: given }) =>
    uses?.startsWith("actions/download-artifact") === true ? [given?.["name"]] : [],
  );
  expect(taken?.toSorted()).toEqual(arches.map((each) => `image-${each}`));
});
