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
  foreach: "of child runs is not supported yet; do it for all in the child's DAG",
  matrix: "of child runs is not supported yet; do it for all in the child's DAG",
  onWorkerLost:
    "says what happens when a worker is lost, and no worker takes a child run as a whole; set it on its steps",
};

const notInAgent: Strays = { shell: "belongs to a run step", workdir: "belongs to a run step" };

/** What it runs has an environment of its own, and gives what it always gives. */
const notInDeploy: Strays = {
  shell: "belongs to a run step",
  workdir: "belongs to a run step",
  env: "does not reach a container; give it under `deploy.env`",
  outputs: "of a deploy step are always id, host, url, image and path; leave the key out",
  foreach: "of deploy steps is not supported yet",
  matrix: "of deploy steps is not supported yet",
  artifacts: "do not leave a container; it goes on when the step has ended",
};

/** As messages. */
export function strayKeys(step: StepFile): string[] {
  const strays = straysOf(step);
  const told = Object.entries(strays)
    .filter(([key]) => step[key as keyof StepFile] !== undefined)
    .map(([key, why]) => `\`${key}\` ${why}`);
  if (step.run === undefined && step.agent === undefined && step.retry?.exitCodes !== undefined) {
    told.push("`retry.exitCodes` is about commands, and this step has no exit code");
  }
  if (step.deploy?.state !== "absent") return told;
  const useless = Object.keys(step.deploy).filter((key) => key !== "name" && key !== "state");
  return [
    ...told,
    ...useless.map(
      (key) => `\`deploy.${key}\` says how it runs, and \`state: absent\` removes it; leave it out`,
    ),
  ];
}

function straysOf(step: StepFile): Strays {
  if (step.dag !== undefined) return notInChild;
  if (step.deploy !== undefined) return notInDeploy;
  return step.agent === undefined ? {} : notInAgent;
}
