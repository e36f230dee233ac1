/**
 * What an editor tells about each key of a DAG file. Keys are `<part>.<key>`, where the part is that of the JSON Schema
 * and is left out for the root. A test holds this table to the schema: no key without a text, no text without a key.
 */

import { childPartTexts, childTexts } from "./dag-child-texts.ts";

export const partTexts: Readonly<Record<string, string>> = {
  ...childPartTexts,
  agent: "What the agent is asked, and what it may use.",
  agentDefaults: "What agent steps use when they and their profile do not say.",
  defaults: "What steps have when they do not say.",
  dotenv: "Files of `NAME=value` lines beside the DAG; later ones win over earlier ones.",
  dotenvFile: "One of the files.",
  duration: "A duration such as 500ms, 90s, 20m, 1h30m or 7d.",
  env: "Variables: text, numbers and booleans, which become text.",
  human: "What a person is asked.",
  handlers: "Steps that start when all steps of the run have ended; they have no `depends`.",
  limits: "What all processes of a step together may take of the machine of its worker.",
  param: "A JSON Schema of one value, and whether it is required or what its default is.",
  retry: "What happens after an attempt that failed. One that was lost with its worker does not count.",
  runLabels: "Labels of runs.",
  secrets:
    "Variables whose values nobody sees: a list of secrets (github-token becomes GITHUB_TOKEN), or VARIABLE: name.",
  secretSource:
    "Where a value comes from: the vault, or a variable or file of the worker that runs the step.",
  schedule: "A schedule of a stored DAG.",
  schedules: "When the DAG starts by itself, once it is stored: cron text, an object, or a list of either.",
  step: "A vertex of the DAG, of exactly one kind.",
  value: "Any value: text, a number, true or false, null, a list or an object.",
  workerLabels:
    "What the labels of a worker must be: a value, a list of values, {in: [...]}, {not: ...} or {exists: true | false}. A text may hold expressions over params.",
};

export const keyTexts: Readonly<Record<string, string>> = {
  ...childTexts,
  name: "The name that the DAG is stored and listed under: lower-case letters and digits, joined by single hyphens.",
  description: "What it is for, in a sentence.",
  schedule: "When it starts by itself, once it is stored with `haversack dag put`; such as `30 2 * * *`.",
  params:
    "Values that a run is given (`-p name=value`), each with its JSON Schema. Read as `${{ params.name }}`.",
  env: "Variables of every step and handler. May use params and run in `${{ }}`.",
  dotenv:
    "Files of variables beside the DAG, read when it is submitted or stored. `env` wins over them. Not for secrets: their values are stored.",
  secrets:
    "Secrets of every command that does not say its own `secrets`: names in the vault (`haversack secret set`), never values.",
  worker:
    "What the labels of a worker must be, for all steps; `defaults` and the step's own stand above it, label by label.",
  priority: "1 to 5, for all steps that do not say their own; 5 goes first, 3 is the default.",
  concurrency:
    "How many runs with one key may be under way: a key, or {key, limit, onConflict}. The next one waits (`queue`), takes the place of the oldest (`cancel-running`) or is refused (`skip`).",
  labels:
    "What its runs are found by (`haversack runs --label name=value`). Values may use params in `${{ }}`; `run --label` wins.",
  timeout:
    "How long its steps may take, from the start of the first one; then the run fails. Its handlers together get the same time once more.",
  defaults: "What steps have when they do not say; a step's own value wins, maps are merged by name.",
  steps: "The vertices of the graph, in any order.",
  onSuccess: "Handlers that start when all steps have ended and the run succeeded.",
  onFailure: "Handlers that start when all steps have ended and one failed.",
  onCancel: "Handlers that start when the run was cancelled.",
  onExit: "Handlers that start last, whatever happened.",

  "param.type": "The type of the value. Text from a command line is read as this type.",
  "param.description": "What the value means; told when it is missing.",
  "param.required": "A run without it is refused. A required parameter has no default.",
  "param.default": "The value when none is given. It must fit the schema.",
  "param.enum": "The only values that are allowed.",
  "param.format":
    "A format of JSON Schema. `path` is a file or folder: the command line makes it absolute, a default from the folder of the DAG.",

  "schedule.cron":
    "Five fields (minute hour day month weekday), six with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly.",
  "schedule.timezone": "An IANA name such as Europe/Berlin.",
  "schedule.catchUp":
    "Times that nobody looked at: none lets them go, last makes up for the newest, all for all, up to the newest 100.",
  "schedule.overlap":
    "What a time does that finds the run of an earlier one: it is skipped, waits its turn (queue), or ends that run (cancel-previous).",
  "schedule.params": "What the run is given.",

  "dotenvFile.path": "From the folder of the DAG file, such as .env or config/test.env.",
  "dotenvFile.optional": "It may be missing.",

  "defaults.timeout": "How long an attempt may take.",
  "defaults.limits": "What a step may take of its worker's machine; merged with the step's, key by key.",
  "defaults.retry": "What happens after an attempt that failed.",
  "defaults.worker": "What the labels of a worker must be; merged with the step's, label by label.",
  "defaults.env": "Variables of every step; merged with the step's by name.",
  "defaults.agent": "What agent steps use when they and their profile do not say.",

  "step.id": "Its name in `depends`, expressions and logs: a letter, then letters, digits, - and _.",
  "step.name": "A title for people.",
  "step.description": "What it does, in a sentence.",
  "step.depends": "Ids of the steps that must end well before it starts.",
  "step.if":
    "An expression, asked when all dependencies have ended: false skips the step. `failure()`, `always()` and `cancelled()` run it in spite of them.",
  "step.continueOnError": "Its failure counts as success, for its dependents and for the run.",
  "step.run":
    'A command: text for `shell`. No expressions in it: pass values by `env`. Lines `name=value` written to "$HAVERSACK_OUTPUT" become outputs.',
  "step.shell":
    "The program and its options that are given the text of `run`; default [bash, -euo, pipefail].",
  "step.workdir": "A folder below the work folder in which the command starts.",
  "step.agent": "An agent: a prompt, and the model, skills and tools that it may use.",
  "step.human":
    "A question to a person. The step waits for an answer without a worker; approved is succeeded, rejected is failed.",
  "step.env": "Its variables. Values may use params, run, and outputs and statuses of ancestors in `${{ }}`.",
  "step.secrets":
    "Its secrets, in the place of those of the DAG; `[]` for none. Given as variables, masked in what it prints; of an agent, to its tools.",
  "step.worker": "What the labels of its worker must be.",
  "step.priority": "1 to 5; 5 goes first.",
  "step.concurrency":
    "What it takes a part of while it is in flight: a key, {key, limit}, {pool, units}, or a list of these.",
  "step.timeout": "How long an attempt may take.",
  "step.limits":
    "What it may take of its worker's machine; it fails when it runs into one, and the limit is named.",
  "step.queueTimeout":
    "How long it may wait for a worker each time that it is ready; then it fails, and is not retried.",
  "step.retry": "What happens after an attempt that failed.",
  "step.outputs": 'Names of the values that a command writes to "$HAVERSACK_OUTPUT".',
  "step.artifacts": "Files of the work folder that leave the step: paths or globs.",
  "step.inputs": "Artifacts of ancestors that are laid into the work folder: paths or globs.",
  "step.onWorkerLost": "What happens when its worker is lost: it is tried again elsewhere, or fails.",

  "human.prompt": "What is asked. May use params, run, and outputs of ancestors in `${{ }}`.",
  "human.form":
    "A JSON Schema of an object: a property for each field that an approval fills in, which become outputs. Absent: only the decision is asked for.",
  "human.approvers":
    "Names of the tokens that may answer; an admin always may. Without it every operator may.",
  "human.timeout": "How long the person has; absent: for ever.",
  "human.onTimeout": "What happens then: the step fails (default), or is approved or rejected.",
  "step.foreach":
    "It is done once for each item of this list, or of the one that an expression gives: `${{ item }}`, `${{ index }}`.",
  "step.matrix": "Names with their lists: it is done for each combination, `${{ matrix.name }}`.",
  "step.matrix.include":
    "Each adds its values to the combinations that it does not contradict, or is one more where there is none.",
  "step.matrix.exclude": "Combinations that agree with one of these are left out.",
  "step.maxParallel": "Items that may have begun and not ended; default 10.",
  "step.failFast": "Whether the first item that fails ends the others; default true.",

  "localDag.secrets": "Secrets of every command that does not say its own.",
  "localDag.worker": "What the labels of a worker must be, for all its steps.",
  "localDag.priority": "1 to 5, for all its steps that do not say their own.",

  "limits.memory": "Such as 512MiB; all its processes together.",
  "limits.cpu": "Cores, such as 1.5.",
  "limits.pids": "Processes and threads at once.",
  "limits.files": "Open files of each process.",
  "limits.enforcement":
    "hard: only a worker that keeps them for all processes together takes the step; any (default): each worker as well as it can.",

  "retry.limit": "Tries after the first one.",
  "retry.backoff": "Whether the delay stays the same or doubles each time.",
  "retry.delay": "Before the next try; default 1s.",
  "retry.maxDelay": "What a growing delay never passes; default 1h.",
  "retry.jitter":
    "The part of a delay, from 0 to 1, that may be left out, so that steps do not come back together.",
  "retry.exitCodes": "Only these exit codes are tried again; absent: all.",

  "agent.prompt": "What the agent is asked. May use params and outputs of ancestors in `${{ }}`.",
  "agent.output":
    "A JSON Schema of the answer: the step succeeds only with an answer that fits, and its fields become outputs.",
};

/** Keys that an agent step and `defaults.agent` share. */
export const agentTexts: Readonly<Record<string, string>> = {
  use: "A profile of the agent library.",
  engine: "What runs the agent.",
  model: "A model of the agent library, or a list: the next one is taken when one cannot be had.",
  soul: "A soul of the agent library: voice and tone.",
  skills: "Skills of the agent library.",
  tools: "Names of the tools that the agent may use.",
  mcpServers: "Servers of the library's mcp.json whose tools it may use.",
  limits: "How much it may use in one attempt.",
  "limits.maxTurns": "Questions to the model.",
  "limits.maxTokens": "Tokens, in and out together.",
  "limits.maxCostUsd": "Cost in USD, by the price in the model's file.",
  "limits.maxToolOutputBytes": "Bytes of one tool's answer.",
  permissions: "Rules `tool` or `tool(glob)`: deny comes first, then ask, then allow.",
  "permissions.deny": "What is refused. Rules of all levels count together.",
  "permissions.ask": "What is done only when somebody says so.",
  "permissions.allow": "What is done without a question.",
  "permissions.default": "What happens to a call that no rule names.",
  onAsk: "What happens when a rule says ask: suspend the step, deny the call, or fail.",
  onUnknownEffect:
    "What happens when nobody knows whether a call to the outside took place before its worker died.",
  sandbox: "How its tools are kept apart from the host; auto takes the strongest there is.",
  network: "Hosts that its tools may reach; none when left out.",
  memory: "Notes of earlier runs that it may read and add to.",
  "memory.read": "Scopes that it is shown.",
  "memory.write": "What it may do to the notes of a scope.",
  "memory.write.global": "none, propose (a person decides) or append.",
  "memory.write.dag": "none, propose (a person decides) or append.",
};
