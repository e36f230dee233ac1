/** A claimed step as a task: expressions evaluated, inputs chosen. Pure. */

import { matchesGlob } from "node:path";
import { invariant, present } from "@haversack/base";
import type {
  AgentWork,
  Artifact,
  CommandWork,
  DeployWork,
  JsonValue,
  SnapshotDescriptor,
  StepSpec,
  Task,
  TaskSecrets,
} from "@haversack/protocol";
import type { TemplateData } from "../runs/expression-value.ts";
import { render } from "../runs/expressions.ts";
import type { Claimed } from "../store/verbs/step-verbs.ts";

/** @param given the snapshot of an agent step, or the work of a deploy step */
export function buildTask(
  claimed: Claimed,
  given: { readonly snapshot?: SnapshotDescriptor | undefined; readonly deploy?: DeployWork | undefined },
  secrets?: TaskSecrets,
): Task {
  const { runId, stepId, generation, attempt, spec: step, data } = claimed;
  return {
    ref: { runId, stepId, generation, attempt },
    dagName: claimed.dagName,
    // A container has its own.
    env: given.deploy === undefined ? environment(claimed) : new Map(),
    ...(step.timeoutMs === undefined ? {} : { timeoutMs: step.timeoutMs }),
    ...(step.limits === undefined ? {} : { limits: step.limits }),
    inputs: chooseInputs(step.inputs, claimed.artifacts),
    artifacts: step.artifacts,
    outputs: step.outputs,
    work: given.deploy ?? workOf(step, data, given.snapshot),
    ...(secrets === undefined ? {} : { secrets }),
    ...(claimed.trace === undefined ? {} : { trace: claimed.trace }),
  };
}

function environment({ dagEnv, spec, data }: Claimed): Map<string, string> {
  const env = new Map<string, string>();
  for (const [name, value] of data.params) env.set(`PARAM_${name}`, printed(value));
  for (const [name, value] of [...Object.entries(dagEnv), ...Object.entries(spec.env)]) {
    env.set(name, render(value, data));
  }
  return env;
}

const printed = (value: JsonValue): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Of artifacts with one path the nearest ancestor's counts: it comes last. */
function chooseInputs(patterns: readonly string[], artifacts: readonly Artifact[]): Artifact[] {
  const chosen = new Map<string, Artifact>();
  for (const artifact of artifacts) {
    if (patterns.some((pattern) => matchesGlob(artifact.path, pattern))) chosen.set(artifact.path, artifact);
  }
  return [...chosen.values()];
}

function workOf(
  step: StepSpec,
  data: TemplateData,
  snapshot: SnapshotDescriptor | undefined,
): CommandWork | AgentWork {
  if (step.work.kind === "run") return step.work;
  invariant(step.work.kind === "agent", "steps of the other kinds have no tasks");
  const { prompt, outputSchema } = step.work;
  return {
    kind: "agent",
    prompt: render(prompt, data),
    snapshot: present(snapshot, "the snapshot of an agent step"),
    ...(outputSchema === undefined ? {} : { outputSchema }),
  };
}

/** What the task takes on the wire, at most. */
export function taskBytes(task: Task): number {
  const { work } = task;
  const texts = workTexts(work);
  texts.push(...[...task.env].flat(), ...task.artifacts, ...task.outputs);
  texts.push(...task.inputs.map(({ path }) => path));
  for (const { variable, from } of task.secrets?.variables ?? [])
    texts.push(variable, ...Object.values(from));
  texts.push(...(task.secrets?.ofPack ?? []), ...(task.trace === undefined ? [] : [task.trace.state]));
  const pack = work.kind === "run" ? 0 : (work.snapshot?.gzip?.length ?? 0);
  // Tags and lengths of each text; digest, size and flag of each input; names of the attempt.
  const around = texts.length * 16 + task.inputs.length * 64 + 1024;
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), pack + around);
}

function workTexts(work: Task["work"]): string[] {
  switch (work.kind) {
    case "run":
      return [work.script, work.workdir, ...work.shell];
    case "agent":
      return [work.prompt, ...(work.outputSchema === undefined ? [] : [JSON.stringify(work.outputSchema)])];
    case "deploy": {
      const { recipe, env, base, ...rest } = work;
      const arches = [...(base?.arches ?? [])];
      const script = Buffer.from(recipe?.script ?? []).toString("latin1");
      return [
        script,
        script,
        JSON.stringify({ ...rest, snapshot: undefined }),
        ...[...env].flat(),
        JSON.stringify(arches),
      ];
    }
  }
}
