/**
 * From what a client sent to a stored run. Everything that can be checked is checked here, and all that is wrong is
 * told at once: YAML, shape, names, cycles, expressions, parameters, and every item that an agent step needs.
 */

import { createHash } from "node:crypto";
import { FaultError, type Ports } from "@haversack/base";
import {
  type DagSpec,
  type Digest,
  type JsonObject,
  ProblemsError,
  parseDigest,
  parseRunId,
  type RunId,
  type StepSpec,
} from "@haversack/protocol";
import {
  type AgentSettings,
  canonicalJson,
  type PlannableDag,
  planSnapshots,
  type StepPlan,
} from "@haversack/snapshot";
import { settleParams } from "../dag/params.ts";
import { type ParsedDag, parseDag } from "../dag/parse-dag.ts";
import type { YamlPath } from "../dag/yaml-source.ts";
import { render, type TemplateData } from "../runs/expressions.ts";
import type { Store } from "../store/store.ts";
import type { StepSubmission } from "../store/verbs/run-verbs.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { Snapshots } from "./snapshots.ts";

export interface Submission {
  readonly dag: string;
  readonly fileName: string;
  readonly params: JsonObject;
  /** Empty: none. */
  readonly idempotencyKey: string;
}

const keyCharactersMax = 200;

export class Submitter {
  readonly #store: Store;
  readonly #snapshots: Snapshots;
  readonly #ports: Ports;

  constructor(store: Store, snapshots: Snapshots, ports: Ports) {
    this.#store = store;
    this.#snapshots = snapshots;
    this.#ports = ports;
  }

  /** Rejects with ProblemsError, like {@link submit}, but stores nothing. */
  async validate(text: string, fileName: string): Promise<void> {
    const parsed = parseDag(text, fileName || "dag.yaml");
    await this.#plan(parsed);
  }

  async submit(submission: Submission): Promise<{ runId: RunId; existed: boolean }> {
    const { dag: text, idempotencyKey } = submission;
    if (idempotencyKey.length > keyCharactersMax) {
      throw new FaultError(
        "invalid",
        "bad_idempotency_key",
        `an idempotency key has at most ${keyCharactersMax} characters`,
      );
    }
    const file = submission.fileName || "dag.yaml";
    const parsed = parseDag(text, file);
    const params = settleParams(parsed.spec, submission.params, file);
    const plans = await this.#plan(parsed);
    const id = parseRunId(this.#ports.random.id());
    const packs = new Map<Digest, StoredPack>();
    const steps = parsed.spec.steps.map((step) => this.#step(step, { parsed, params, id, plans, packs }));
    return await this.#store.write.runSubmit({
      id,
      dagDigest: sha256(canonicalJson(parsed.spec)),
      dag: parsed.spec,
      source: text,
      params,
      bodyDigest: sha256(canonicalJson({ dag: text, params: submission.params })),
      now: this.#ports.clock.now(),
      steps,
      packs: [...packs.values()],
      ...(idempotencyKey === "" ? {} : { idempotencyKey }),
    });
  }

  async #plan(parsed: ParsedDag): Promise<ReadonlyMap<string, StepPlan>> {
    if (!parsed.spec.steps.some(({ work }) => work.kind === "agent")) return new Map();
    const { library } = this.#snapshots;
    const { defaultModel } = library;
    const options = defaultModel === undefined ? {} : { defaultModel };
    const outcome = await planSnapshots(plannable(parsed), await library.read(), options);
    if (outcome.problems.length > 0) throw new ProblemsError(outcome.problems);
    return outcome.plans;
  }

  #step(step: StepSpec, { parsed, params, id, plans, packs }: StepInput): StepSubmission {
    const data: TemplateData = {
      params: new Map(Object.entries(params)),
      outputs: new Map(),
      run: { id, dag: parsed.spec.name },
    };
    const labels = Object.fromEntries(
      Object.entries(step.worker).map(([label, text]) => [label, render(text, data)]),
    );
    const plan = plans.get(step.id);
    if (plan === undefined) return { labels };
    const pin = this.#snapshots.pin(plan);
    packs.set(pin.digest, pin);
    // A step that reads memory gets its final pack when it is first handed out.
    const reads = plan.config.memory.read.length > 0;
    return { labels, pinDigest: pin.digest, ...(reads ? {} : { snapshotDigest: pin.digest }) };
  }
}

interface StepInput {
  readonly parsed: ParsedDag;
  readonly params: JsonObject;
  readonly id: RunId;
  readonly plans: ReadonlyMap<string, StepPlan>;
  /** Packs of the run by digest, filled here: steps with equal content share one. */
  readonly packs: Map<Digest, StoredPack>;
}

function plannable({ spec, source, agentDefaults }: ParsedDag): PlannableDag {
  return {
    name: spec.name,
    file: source.file,
    defaultsAgent: agentDefaults,
    steps: spec.steps.map((step, index) => plannableStep(step, index, source.at(["steps", index]).line)),
    locate: (field) => source.at(pathOf(field)),
  };
}

function plannableStep(
  step: DagSpec["steps"][number],
  index: number,
  line: number,
): PlannableDag["steps"][number] {
  const common = { id: step.id, kind: step.work.kind, field: `steps[${index}]`, line };
  // The settings passed the planner's own schema when the file was parsed.
  return step.work.kind === "agent" ? { ...common, agent: step.work.settings as AgentSettings } : common;
}

/** `steps[1].agent.use` as a path. */
function pathOf(field: string): YamlPath {
  return [...field.matchAll(/[^.[\]]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
}

const sha256 = (text: string): Digest =>
  parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);
