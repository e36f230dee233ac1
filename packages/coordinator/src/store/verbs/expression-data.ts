/** What expressions of a run look at, read for the names that they name and no more. */

import type { JsonObject, JsonValue, StepPhase } from "@haversack/protocol";
import type { DataPath } from "../../runs/expression-parse.ts";
import type { TemplateData } from "../../runs/expression-value.ts";
import { integer, json, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { stepsOutputs } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { failureOf } from "./run-failure.ts";

export class RunFacts {
  readonly #context: VerbContext;
  readonly #run: RunState;
  #params: ReadonlyMap<string, JsonValue> | undefined;

  constructor(context: VerbContext, run: RunState) {
    this.#context = context;
    this.#run = run;
  }

  async about(paths: readonly DataPath[]): Promise<TemplateData> {
    const { id, dagName: dag, outcome: status = null } = this.#run;
    const { outputs, statuses } = await this.#steps(paths);
    const asksError = paths.some((path) => path.root === "run" && path.field === "error");
    const error = asksError ? await this.#error() : null;
    return { params: this.#allParams(), outputs, statuses, run: { id, dag, error, status } };
  }

  #allParams(): ReadonlyMap<string, JsonValue> {
    this.#params ??= new Map(Object.entries(JSON.parse(this.#run.params) as JsonObject));
    return this.#params;
  }

  async #steps(paths: readonly DataPath[]): Promise<Pick<TemplateData, "outputs" | "statuses">> {
    const outputs = new Map<string, JsonValue>();
    const statuses = new Map<string, StepPhase>();
    const named = paths.filter((path) => path.root === "steps" || path.root === "status");
    if (named.length === 0) return { outputs, statuses };
    const { tx, dags } = this.#context;
    const { indexOf } = await dags.get(tx, this.#run.dagDigest);
    const byIndex = Map.groupBy(named, ({ stepId }) => indexOf.get(stepId) ?? -1);
    const keys = [...byIndex.keys()].map((index) => [this.#run.no, index]);
    for (const row of await tx.each(stepsOutputs, keys)) {
      // Not by index: every object answers to names such as `toString`.
      const values = new Map(Object.entries(json<JsonObject>(row, "outputs")));
      for (const path of byIndex.get(integer(row, "idx")) ?? []) {
        statuses.set(path.stepId, text(row, "phase") as StepPhase);
        const value = path.root === "steps" ? values.get(path.output) : undefined;
        if (path.root === "steps" && value !== undefined) {
          outputs.set(`${path.stepId}/${path.output}`, value);
        }
      }
    }
    return { outputs, statuses };
  }

  /** The first failure so far. */
  async #error(): Promise<string | null> {
    return (await failureOf(this.#context, this.#run))?.message ?? null;
  }
}
