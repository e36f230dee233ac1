import { formatProblem, ProblemsError } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { open } from "../testing/dag-text.ts";
import { Library } from "./library.ts";
import { pinDags } from "./pin-dags.ts";
import { readDag } from "./reached-dags.ts";

const library = new Library("examples/agents", "rehearsal");
const agent = (use: string) => `{ id: think, agent: { use: ${use}, prompt: p } }`;
const parent = (use: string, more = "") => `name: parent\n${more}steps: [{ id: call, dag: ${use} }]\n`;

/** @param stored DAGs by name, as text */
async function pinned(text: string, stored: Readonly<Record<string, string>> = {}, local?: string) {
  const asked: string[] = [];
  const outcome = await pinDags(
    readDag(text, "f.yaml", local === undefined ? {} : { local }),
    library,
    async (name) => {
      asked.push(name);
      const source = stored[name];
      return source === undefined ? undefined : { source, fileName: `${name}.yaml` };
    },
  );
  return { ...outcome, asked, keys: outcome.children.map(({ key, pins }) => [key, ...pins.keys()]) };
}

async function problemsOf(text: string, stored: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const error: unknown = await pinned(text, stored).then(
    () => expect.fail("expected problems"),
    (reason: unknown) => reason,
  );
  return error instanceof ProblemsError ? error.problems.map(formatProblem) : expect.fail(String(error));
}

describe("the pins of a submission", () => {
  test("reach through local and stored DAGs, each once", async () => {
    const text = parent(
      "{ use: near }",
      `dags: { near: { steps: [${agent("analyst")}, { id: far, dag: { use: far } }] } }\n`,
    );
    const far = `name: far\nsteps: [${agent("repo-analyst")}, { id: again, dag: { use: far } }, { id: back, dag: { use: parent } }]`;
    const { keys, pins, asked, children } = await pinned(text, { far, near: "name: near\nsteps: []" });
    expect(keys).toEqual([["parent/near", "think"], ["far", "think"], ["parent"]]);
    expect([pins.size, asked]).toEqual([0, ["far"]]);
    expect(children[0]?.text).toBe(text);
  });

  test("hold every candidate, and nothing for a name that nobody knows yet", async () => {
    const stored = {
      one: `name: one\nsteps: [${agent("analyst")}]`,
      two: "name: two\nsteps: [{ id: a, run: x }]",
    };
    const use = `"${open} run.id }}"`;
    expect((await pinned(parent(`{ use: ${use}, candidates: [one, two] }`), stored)).keys).toEqual([
      ["one", "think"],
      ["two"],
    ]);
    const open_ = await pinned(parent(`{ use: ${use} }`), stored);
    expect([open_.keys, open_.asked]).toEqual([[], []]);
  });

  test("of a local DAG on its own: those that it calls in its file, itself included", async () => {
    const dags = `dags: { a: { steps: [${agent("analyst")}, { id: b, dag: { use: b } }] }, b: { steps: [{ id: a, dag: { use: a } }] } }\n`;
    const { keys, pins } = await pinned(parent("{ use: a }", dags), {}, "a");
    expect([[...pins.keys()], keys]).toEqual([["think"], [["parent/b"], ["parent/a", "think"]]]);
  });

  test("say what is missing anywhere, at its place", async () => {
    const text = parent(
      "{ use: near }",
      `dags:\n  near:\n    steps:\n      - ${agent("nobody")}\n      - { id: gone, dag: { use: gone } }\n`,
    );
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(
        /^f\.yaml:6:\d+: dags\.near\.steps\[1\]\.dag\.use: there is no DAG "gone" \(reached by parent → near → gone\)/,
      ),
      expect.stringMatching(
        /^f\.yaml:5:\d+: dags\.near\.steps\[0\]\.agent\.use: the library has no profile "nobody"/,
      ),
    ]);
    const deep = { deep: `name: deep\nsteps: [${agent("nobody")}]` };
    expect(await problemsOf(parent("{ use: deep }"), deep)).toEqual([
      expect.stringMatching(/^deep\.yaml:2:\d+: steps\[0\]\.agent\.use: the library has no profile "nobody"/),
    ]);
  });

  test("say which parameters a stored DAG does not take", async () => {
    const stored = {
      deep: "name: deep\nparams: { n: { type: integer, required: true } }\nsteps: [{ id: a, run: x }]",
    };
    expect(await problemsOf(parent("{ use: deep, params: { m: 1 } }"), stored)).toEqual([
      expect.stringMatching(/steps\[0\]\.dag\.params\.m: the DAG "deep" declares no parameter "m"/),
      expect.stringMatching(/steps\[0\]\.dag: the DAG "deep" needs the parameter "n"/),
    ]);
    expect((await pinned(parent(`{ use: deep, params: { n: "${open} run.id }}" } }`), stored)).keys).toEqual([
      ["deep"],
    ]);
  });
});
