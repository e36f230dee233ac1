import { describe, expect, test } from "vitest";
import type { PlannableDag, PlannableStep } from "./plannable.ts";
import { walk } from "./walk.ts";

const child = (id: string, use: string, candidates?: string[]): PlannableStep => ({
  id,
  kind: "dag",
  field: `steps[${id}]`,
  line: 9,
  dag: { use, dynamic: candidates !== undefined, ...(candidates && { candidates }) },
});
const dag = (name: string, steps: PlannableStep[], more: Partial<PlannableDag> = {}): PlannableDag => ({
  name,
  file: `${name}.yaml`,
  steps,
  ...more,
});
const storeOf = (...dags: PlannableDag[]) => {
  const byName = new Map(dags.map((each) => [each.name, each]));
  return async (name: string) => byName.get(name);
};
const names = (dags: readonly { readonly dag: PlannableDag; readonly origin: string }[]) =>
  dags.map(({ dag, origin }) => `${dag.name} (${origin})`);

describe("the walk goes", () => {
  test("from a handler into the DAG that it calls", async () => {
    const root = dag("main", [], { handlers: [child("onFailure", "triage")] });
    const { dags } = await walk(root, storeOf(dag("triage", [child("deep", "deeper")]), dag("deeper", [])));
    expect(names(dags)).toEqual(["main (file)", "triage (store)", "deeper (store)"]);
  });

  test("to every candidate, the local one first, and names the one that is not there", async () => {
    const dags = new Map([["one", dag("one", [], { file: "main.yaml" })]]);
    const root = dag("main", [child("x", "${{ item }}", ["one", "two", "three"])], { dags });
    const { dags: found, problems } = await walk(root, storeOf(dag("one", []), dag("two", [])));
    expect(names(found)).toEqual(["main (file)", "one (local main.yaml)", "two (store)"]);
    expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'unknown_dag: there is no DAG "three" (reached by main → three)',
    ]);
  });

  test("nowhere for a name that nobody can know yet, and says so", async () => {
    const root = dag("main", [
      { ...child("x", "${{ item }}", []), dag: { use: "${{ item }}", dynamic: true } },
    ]);
    const { dags, deferred, problems } = await walk(root, undefined);
    expect([names(dags), deferred.map(({ why }) => why), problems]).toEqual([
      ["main (file)"],
      ["dynamic name"],
      [],
    ]);
  });

  test("once to a DAG, and again to another of the same name", async () => {
    let version = 0;
    const resolveDag = async () => dag("same", [], { digest: `sha256:${++version}` });
    const { dags } = await walk(dag("main", [child("a", "same"), child("b", "same")]), resolveDag);
    expect(dags.map(({ dag }) => dag.digest)).toEqual([undefined, "sha256:1", "sha256:2"]);
  });

  test("from a local DAG to those of its own file, in a circle, too", async () => {
    const dags = new Map([
      ["a", dag("a", [child("b", "b")], { file: "main.yaml" })],
      ["b", dag("b", [child("a", "a"), child("self", "b")], { file: "main.yaml" })],
    ]);
    const outcome = await walk(dag("main", [child("a", "a")], { dags }), undefined);
    expect(names(outcome.dags)).toEqual(["main (file)", "a (local main.yaml)", "b (local main.yaml)"]);
    expect([outcome.uncalled, outcome.deferred, outcome.problems]).toEqual([[], [], []]);
  });

  test("on past what is wrong: one answer lists it all", async () => {
    const resolveDag = async (name: string) => {
      if (name === "bad") throw new Error("disk");
      return name === "good" ? dag("good", [child("gone", "gone")]) : undefined;
    };
    const { problems, dags } = await walk(dag("main", [child("a", "bad"), child("b", "good")]), resolveDag);
    expect(names(dags)).toEqual(["main (file)", "good (store)"]);
    expect(problems.map(({ code }) => code)).toEqual(["dag_resolution_failed", "unknown_dag"]);
  });
});
