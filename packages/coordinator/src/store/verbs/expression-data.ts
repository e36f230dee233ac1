/** What expressions of a run look at, read for the names that they name and no more. */

import { present } from "@haversack/base";
import type { JsonObject, JsonValue, RunId, StepPhase } from "@haversack/protocol";
import type { DataPath } from "../../runs/expression-parse.ts";
import type { TemplateData } from "../../runs/expression-value.ts";
import { runFailure } from "../../runs/run-end.ts";
import { json, text, textOrNone } from "../rows.ts";
import { runGet } from "../statements/run.ts";
import { stepFirstFailed, stepOutputs } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";

export class RunFacts {
  readonly #context: VerbContext;
  readonly #runId: RunId;
  #run: (Pick<TemplateData, "params"> & { readonly dag: string; readonly status: string | null }) | undefined;

  constructor(context: VerbContext, runId: RunId) {
    this.#context = context;
    this.#runId = runId;
  }

  async about(paths: readonly DataPath[]): Promise<TemplateData> {
    const { params, dag, status } = await this.#whatStays();
    const outputs = new Map<string, JsonValue>();
    const statuses = new Map<string, StepPhase>();
    const named = paths.filter((path) => path.root === "steps" || path.root === "status");
    for (const [stepId, ofStep] of Map.groupBy(named, (path) => path.stepId)) {
      const row = await this.#context.tx.one(stepOutputs, this.#runId, stepId);
      if (row === undefined) continue;
      statuses.set(stepId, text(row, "phase") as StepPhase);
      // Not by index: every object answers to names such as `toString`.
      const values = new Map(Object.entries(json<JsonObject>(row, "outputs")));
      for (const path of ofStep) {
        const value = path.root === "steps" ? values.get(path.output) : undefined;
        if (path.root === "steps" && value !== undefined) outputs.set(`${stepId}/${path.output}`, value);
      }
    }
    const asksError = paths.some((path) => path.root === "run" && path.field === "error");
    const error = asksError ? await this.#error() : null;
    return { params, outputs, statuses, run: { id: this.#runId, dag, error, status } };
  }

  async #whatStays() {
    if (this.#run !== undefined) return this.#run;
    const row = present(await this.#context.tx.one(runGet, this.#runId), `run ${this.#runId}`);
    const params = new Map(Object.entries(json<JsonObject>(row, "params")));
    this.#run = { params, dag: text(row, "dag_name"), status: textOrNone(row, "outcome") ?? null };
    return this.#run;
  }

  /** The first failure so far. */
  async #error(): Promise<string | null> {
    const row = await this.#context.tx.one(stepFirstFailed, this.#runId);
    return row === undefined ? null : runFailure(text(row, "step_id"), json(row, "failure")).message;
  }
}
