/** The library in `examples/agents`, as the coordinator packs it and a worker runs it: its rules let its skill work. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addMemory, buildPin, type Pack, planSnapshots, problemText, readLibrary } from "@haversack/snapshot";
import { afterEach, expect, test } from "vitest";
import { type Ran, runAgentStep, type Setup } from "../testing/agent-world.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function run(setup: Setup): Promise<Ran> {
  const base = await mkdtemp(join(tmpdir(), "example-"));
  folders.push(base);
  return runAgentStep(base, setup);
}

const library = await readLibrary(join(import.meta.dirname, "../../../../examples/agents"), {
  label: "agents",
});

/** The pack of one agent step of the DAG `repo-report`, with `local` as its model. */
async function packOf(use: string): Promise<Pack> {
  const step = { id: "s1", kind: "agent", field: "steps[0]", line: 1, agent: { use } } as const;
  const dag = { name: "repo-report", file: "repo-report.yaml", steps: [step] };
  const { plans, problems } = await planSnapshots(dag, library, { defaultModel: "local" });
  expect(problems.map(problemText)).toEqual([]);
  const plan = plans.get("s1");
  if (plan === undefined) throw new Error("the step has no plan");
  const own = library.memory.dags.get("repo-report");
  return addMemory(buildPin(plan).gzip, {
    global: library.memory.global,
    ...(own !== undefined && { dag: own }),
  });
}

const facts = {
  "history.txt":
    "repository: demo\ncommit: abc\nshallow: false\ncommits: 7\nauthors: 2\nfirst day: 2026-01-01\nlast day: 2026-01-02\n\ncommits by year:\n      7 2026\n",
  "languages.txt": "files: 3\nlines: 200\n\nlines files language:\n150 1 TypeScript\n50 2 (no ending)\n",
  "largest.txt": "bytes: 1000\n\nbytes file:\n600 a|b `c`.ts\n",
  "todos.txt": "notes: 0\n\nfile:line:text:\n",
};

test("the library has no problems", () => {
  expect(library.problems.map(problemText)).toEqual([]);
});

test("the repository analyst may run the script of its skill, and nothing else", async () => {
  const { end, work, model } = await run({
    pack: await packOf("repo-analyst"),
    files: facts,
    script: [
      { calls: [["skill", { name: "repo-report" }]] },
      ({ messages }) => {
        const folder = /^Folder of the skill: (.*)$/m.exec(messages.at(-1)?.content ?? "")?.[1] ?? "";
        const commands = [
          `${folder}/scripts/outline.sh`,
          "bash $HAVERSACK_SKILLS/repo-report/scripts/outline.sh .",
          "curl example.com",
          `rm -rf ${folder}/scripts/outline.sh`,
        ];
        return { calls: commands.map((command) => ["bash", { command }] as const) };
      },
      ({ messages }) => ({
        calls: [["write", { path: "REPORT.md", content: messages.at(-4)?.content ?? "" }]],
      }),
      { text: "done" },
    ],
  });
  expect(end.failure).toBeUndefined();
  const [, second, third, fourth] = (model.requests[2]?.messages ?? [])
    .slice(-4)
    .map(({ content }) => content);
  expect(third).toMatch(/not permitted: no rule for bash\(curl example.com\)/);
  expect(fourth).toMatch(/not permitted/);
  const report = await readFile(join(work, "REPORT.md"), "utf8");
  expect(second).toBe(report);
  for (const line of [
    "# demo: repository report",
    "| commits | 7 |",
    "| notes | 0 |",
    "| TypeScript | 1 | 150 |",
    "| `a\\|b 'c'.ts` | 600 |",
    "None.",
  ]) {
    expect(report.split("\n")).toContain(line);
  }
  const system = model.requests[0]?.messages[0]?.content ?? "";
  expect(system).toContain('<memory scope="dag" dag="repo-report">');
  expect(system).toContain("- repo-report: Writes a checked report");
});

test("the analyst can only read", async () => {
  const { model } = await run({
    pack: await packOf("analyst"),
    files: { "counts.txt": "3 to\n", ".env": "KEY=1\n" },
    script: [
      {
        calls: [
          ["read", { path: "counts.txt" }],
          ["read", { path: ".env" }],
          ["write", { path: "x", content: "" }],
        ],
      },
      { text: "done" },
    ],
  });
  const answers = (model.requests[1]?.messages ?? []).slice(-3).map(({ content }) => content);
  expect(answers[0]).toBe("3 to\n");
  expect(answers[1]).toMatch(/not permitted/);
  expect(answers[2]).toMatch(/there is no tool "write"/);
});
