/** Keys of Dagu without a counterpart, and what to do instead. */

const mail = "there is no mail from Haversack: add a step that sends it under `onFailure` or `onSuccess`";
const container = "steps run on a worker without a container: start one in the command";
const server = "belongs to the server of Dagu: leave it out";

const rootAdvice: Readonly<Record<string, string>> = {
  working_dir: "a folder of Dagu's server: take the files along as artifacts, or go there in the command",
  skip_if_successful: "no schedule looks at what earlier runs achieved",
  delay_sec: "steps start as soon as they can; sleep in the command",
  max_active_steps:
    "the steps of a run are not counted: give each step the same `concurrency: { key, limit }`, which counts over all runs, or let the slots of the workers be the limit",
  mail_on: mail,
  error_mail: mail,
  info_mail: mail,
  wait_mail: mail,
  smtp: mail,
  container,
  registry_auths: container,
  retry_policy: "a run is not started again by itself: give its steps a `retry`",
  ssh: "no step runs over ssh by itself: call ssh in the command, or start a worker on that host",
  s3: "call a program for it in the command",
  redis: "call a program for it in the command",
  kubernetes: container,
  llm: "models are items of the agent library: write an `agent` step",
  harness: "write an `agent` step",
  otel: server,
  webhook: "runs are started with the command line, the API or a schedule",
};

const stepAdvice: Readonly<Record<string, string>> = {
  repeat_policy: "a step runs once: loop in the command",
  mail_on_error: mail,
  signal_on_stop: "a step that is cancelled gets SIGTERM, and SIGKILL when it goes on",
  stdout:
    "logs are kept by the coordinator; for a file, redirect in the command and list it under `artifacts`",
  stderr:
    "logs are kept by the coordinator; for a file, redirect in the command and list it under `artifacts`",
  shell_packages: "nix-shell is not started for a step; call it in the command",
  container,
  parallel: "belongs to a step that calls a DAG; for a command write `foreach`, with the item in `env`",
  foreach: "the steps of its body: write them as a DAG of their own, and call it with `parallel`",
  pass_env: "a child run does not see the environment: give values by `params`",
  agent: "write an `agent` step: its model, tools and skills are items of the agent library",
  llm: "write an `agent` step: models are items of the agent library",
  messages: "write an `agent` step with a `prompt`",
  tools: "write an `agent` step with `tools`",
  routes: "no step chooses others: give each of them an `if`",
  value: "no step chooses others: give each of them an `if`",
  config: "belongs to an executor that is not here: call a program for it in the command",
};

/** Executors that are commands anyway. */
export const commandExecutors = new Set(["", "shell", "command", "local"]);
/** Those that call a DAG. */
export const childExecutors = new Set(["dag", "subworkflow", "sub_dag", "parallel"]);
/** Those that wait for a person. */
export const humanExecutors = new Set(["hitl", "approval", "human"]);

export const executorAdvice: Readonly<Record<string, string>> = {
  docker: container,
  container,
  kubernetes: container,
  k8s: container,
  ssh: "call ssh in the command, or start a worker on that host and choose it with `worker`",
  http: "call curl in the command",
  jq: "call jq in the command",
  mail: "call a program that sends mail in the command",
  archive: "call tar or zip in the command",
  chat: "write an `agent` step",
  agent: "write an `agent` step",
  router: "no step chooses others: give each of them an `if`",
};

const commandKeys = [
  "command",
  "script",
  "args",
  "shell",
  "dir",
  "working_dir",
  "worker_selector",
  "run",
  "with",
];
const noCommand = (message: string, keys: readonly string[]) => ({
  ...stepAdvice,
  ...Object.fromEntries(keys.map((key) => [key, message])),
});
const childAdvice = {
  ...noCommand("belongs to the steps of the DAG that is called", commandKeys),
  signal_on_stop: "cancelling the step cancels the child run",
};
const humanAdvice = noCommand("belongs to a step that a worker runs, and here a person is asked", [
  ...commandKeys,
  "retry_policy",
  "timeout_sec",
  "output",
  "parallel",
  "params",
  "approval",
]);

/** For the keys that are left on a step. */
export function adviceFor(kind: "dag" | "human" | undefined): Readonly<Record<string, string>> {
  if (kind === undefined) return stepAdvice;
  return kind === "dag" ? childAdvice : humanAdvice;
}

const localRoot = "belongs to the first DAG of the file: this one runs when it is called";
const localAdvice: typeof rootAdvice = {
  ...rootAdvice,
  schedule: localRoot,
  catchup_window: localRoot,
  overlap_policy: localRoot,
  dotenv: "a DAG under `dags` has no dotenv files: give values by `params`",
  queue: "runs of a DAG under `dags` are not counted: give its steps a `concurrency`, or store it by itself",
  max_active_runs:
    "runs of a DAG under `dags` are not counted: give its steps a `concurrency`, or store it by itself",
};

/** @param isLocal whether it is a further document of the file */
export const adviceForRoot = (isLocal: boolean): typeof rootAdvice => (isLocal ? localAdvice : rootAdvice);
