/** Keys of a step that mean something on steps of other kinds only. */

import type { StepFile } from "./dag-schema.ts";

type Strays = Readonly<Partial<Record<keyof StepFile, string>>>;

/** No worker takes such a step, and nothing but its child run's outputs comes out of it. */
const notInChild: Strays = {
  shell: "belongs to a run step",
  workdir: "belongs to a run step",
  env: "does not reach a child run; pass values by `dag.params`",
  secrets: "do not reach a child run; name them in the steps of its DAG",
  worker:
    "says which worker takes a step, and none takes a child run as a whole; ask for labels in its steps",
  limits: "are kept by the worker of a step, and none takes a child run as a whole; set them on its steps",
  queueTimeout:
    "says how long a step waits for a worker, and none takes a child run as a whole; set it on its steps",
  outputs: "are the root `outputs` of the child DAG; leave the key out",
  artifacts: "do not leave a child run; pass values by its root `outputs`",
  inputs: "do not reach a child run; pass values by `dag.params`",
  onWorkerLost:
    "says what happens when a worker is lost, and no worker takes a child run as a whole; set it on its steps",
};

const notInAgent: Strays = { shell: "belongs to a run step", workdir: "belongs to a run step" };

/** What it runs has an environment of its own, and gives what it always gives. */
const notInDeploy: Strays = {
  shell: "belongs to a run step",
  workdir: "belongs to a run step",
  env: "does not reach a container; give it under `deploy.env`",
  limits: "do not reach a container; what it may take is said under `deploy`",
  outputs: "of a deploy step are always id, host, url, image and path; leave the key out",
  inputs: "do not reach a container; build them into its image, or give it a volume",
  artifacts: "do not leave a container; it goes on when the step has ended",
};

const ofWorkers = "belongs to a step that a worker runs";
/** A person answers it. */
export const notInHuman: Strays = {
  shell: "belongs to a run step",
  workdir: "belongs to a run step",
  env: ofWorkers,
  secrets: ofWorkers,
  worker: ofWorkers,
  priority: ofWorkers,
  concurrency: ofWorkers,
  limits: ofWorkers,
  timeout: `${ofWorkers}; the time that a person has is \`human.timeout\``,
  queueTimeout: ofWorkers,
  retry: ofWorkers,
  outputs: `${ofWorkers}; the fields of \`human.form\` are its outputs`,
  artifacts: ofWorkers,
  inputs: ofWorkers,
  onWorkerLost: ofWorkers,
  foreach: ofWorkers,
  matrix: ofWorkers,
  maxParallel: ofWorkers,
  failFast: ofWorkers,
};

export interface StrayKey {
  /** Behind that of the step. */
  readonly path: readonly string[];
  readonly message: string;
}

export function strayKeys(step: StepFile): StrayKey[] {
  const strays = Object.entries(straysOf(step))
    .filter(([key]) => step[key as keyof StepFile] !== undefined)
    .map(([key, why]) => ({ path: [key], message: `\`${key}\` ${why}` }));
  const ofCommands = step.run === undefined && step.agent === undefined && step.human === undefined;
  if (ofCommands && step.retry?.exitCodes !== undefined) {
    const message = "`retry.exitCodes` is about commands, and this step has no exit code";
    strays.push({ path: ["retry", "exitCodes"], message });
  }
  return [...strays, ...strayDeployKeys(step)];
}

const ofAbsent: ReadonlySet<string> = new Set(["name", "state", "removeVolumes"]);

function strayDeployKeys({ deploy, secrets }: StepFile): StrayKey[] {
  if (deploy === undefined) return [];
  if (deploy.state !== "absent") {
    if (deploy.removeVolumes === undefined) return [];
    const message = "`deploy.removeVolumes` goes with `state: absent`";
    return [{ path: ["deploy", "removeVolumes"], message }];
  }
  const useless = Object.keys(deploy).filter((key) => !ofAbsent.has(key));
  const strays = useless.map((key) => ({
    path: ["deploy", key],
    message: `\`deploy.${key}\` says how it runs, and \`state: absent\` removes it; leave it out`,
  }));
  if (secrets === undefined) return strays;
  return [
    ...strays,
    { path: ["secrets"], message: "`secrets` are of no use to what is removed; leave them out" },
  ];
}

function straysOf(step: StepFile): Strays {
  if (step.dag !== undefined) return notInChild;
  if (step.human !== undefined) return notInHuman;
  if (step.deploy !== undefined) return notInDeploy;
  return step.agent === undefined ? {} : notInAgent;
}
