/** What expressions of a run look at, read for the names that they name and no more. */

import { present } from "@haversack/base";
import type { JsonObject, JsonValue, RunId, StepPhase } from "@haversack/protocol";
import type { DataPath } from "../../runs/expression-parse.ts";
import type { TemplateData } from "../../runs/expression-value.ts";
import { runFailure } from "../../runs/run-end.ts";
import { json, text } from "../rows.ts";
import { runGet } from "../statements/run.ts";
import { stepFirstFailed, stepOutputs } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";

export class RunFacts {
  readonly #context: VerbContext;
  readonly #runId: RunId;
  #run: (Pick<TemplateData, "params"> & { readonly dag: string }) | undefined;

  constructor(context: VerbContext, runId: RunId) {
    this.#context = context;
    this.#runId = runId;
  }

  async about(paths: readonly DataPath[]): Promise<TemplateData> {
    const { params, dag } = await this.#whatStays();
    const outputs = new Map<string, JsonValue>();
    const statuses = new Map<string, StepPhase>();
    for (const path of paths) {
      if (path.root !== "steps" && path.root !== "status") continue;
      const row = await this.#context.tx.one(stepOutputs, this.#runId, path.stepId);
      if (row === undefined) continue;
      statuses.set(path.stepId, text(row, "phase") as StepPhase);
      if (path.root === "status") continue;
      // Not by index: every object answers to names such as `toString`.
      const value = new Map(Object.entries(json<JsonObject>(row, "outputs"))).get(path.output);
      if (value !== undefined) outputs.set(`${path.stepId}/${path.output}`, value);
    }
    const asksError = paths.some((path) => path.root === "run" && path.field === "error");
    const error = asksError ? await this.#error() : null;
    return { params, outputs, statuses, run: { id: this.#runId, dag, error } };
  }

  async #whatStays() {
    if (this.#run !== undefined) return this.#run;
    const row = present(await this.#context.tx.one(runGet, this.#runId), `run ${this.#runId}`);
    const params = new Map(Object.entries(json<JsonObject>(row, "params")));
    this.#run = { params, dag: text(row, "dag_name") };
    return this.#run;
  }

  /** The first failure so far. */
  async #error(): Promise<string | null> {
    const row = await this.#context.tx.one(stepFirstFailed, this.#runId);
    return row === undefined ? null : runFailure(text(row, "step_id"), json(row, "failure")).message;
  }
}
