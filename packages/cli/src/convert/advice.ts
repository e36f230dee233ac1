/** Keys of Dagu without a counterpart, and what to do instead. */

const mail = "there is no mail from Haversack: add a step that sends it under `onFailure` or `onSuccess`";
const container = "steps run on a worker without a container: start one in the command";
const server = "belongs to the server of Dagu: leave it out";

export const rootAdvice: Readonly<Record<string, string>> = {
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
  secrets: "secrets of commands are not supported in this version: have the step read them on its worker",
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

export const stepAdvice: Readonly<Record<string, string>> = {
  repeat_policy: "a step runs once: loop in the command",
  mail_on_error: mail,
  signal_on_stop: "a step that is cancelled gets SIGTERM, and SIGKILL when it goes on",
  stdout:
    "logs are kept by the coordinator; for a file, redirect in the command and list it under `artifacts`",
  stderr:
    "logs are kept by the coordinator; for a file, redirect in the command and list it under `artifacts`",
  shell_packages: "nix-shell is not started for a step; call it in the command",
  container,
  parallel: "one step for each item is not supported in this version",
  approval: "steps that wait for a person are not supported in this version",
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
  dag: "a DAG as a step is not supported in this version",
  parallel: "one step for each item is not supported in this version",
};
