/** Keys of a step that mean something on steps of other kinds only. */

import type { StepFile } from "./dag-schema.ts";

type Strays = Readonly<Partial<Record<keyof StepFile, string>>>;

/** No worker takes such a step, and nothing but its child run's outputs comes out of it. */
const notInChild: Strays = {
  shell: "belongs to a run step",
  workdir: "belongs to a run step",
  env: "does not reach a child run; pass values by `dag.params`",
  worker:
    "says which worker takes a step, and none takes a child run as a whole; ask for labels in its steps",
  outputs: "are the root `outputs` of the child DAG; leave the key out",
  artifacts: "do not leave a child run; pass values by its root `outputs`",
  inputs: "do not reach a child run; pass values by `dag.params`",
  onWorkerLost:
    "says what happens when a worker is lost, and no worker takes a child run as a whole; set it on its steps",
};

const notInAgent: Strays = { shell: "belongs to a run step", workdir: "belongs to a run step" };

/** As messages. */
export function strayKeys(step: StepFile): string[] {
  const strays: Strays = step.dag !== undefined ? notInChild : step.agent !== undefined ? notInAgent : {};
  const told = Object.entries(strays)
    .filter(([key]) => step[key as keyof StepFile] !== undefined)
    .map(([key, why]) => `\`${key}\` ${why}`);
  if (step.dag === undefined || step.retry?.exitCodes === undefined) return told;
  return [...told, "`retry.exitCodes` is about commands, and a child run has no exit code"];
}
