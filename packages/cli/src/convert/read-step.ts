/** One step of a Dagu file, but for its place among the others. */

import { commandExecutors, executorAdvice, stepAdvice } from "./advice.ts";
import { type Command, commandOf, folderLines, isShell } from "./command.ts";
import type { Preconditions } from "./conditions.ts";
import { preconditionsOf } from "./conditions.ts";
import { type DraftStep, idFor } from "./draft.ts";
import type { Losses } from "./losses.ts";
import { type Entry, isMap, type Section, sectionOf } from "./section.ts";
import { isScalar, listOf, pairsOf, secondsOf } from "./values.ts";

/** What the DAG says for all of its steps. */
export interface StepSetting {
  readonly losses: Losses;
  readonly defaults: Section;
  readonly shell?: readonly string[];
  readonly folder?: string;
  readonly positional: readonly string[];
  readonly isParam: (name: string) => boolean;
  /** Ids that are taken. */
  readonly taken: Set<string>;
}

export interface ReadStep {
  readonly draft: DraftStep;
  /** As the file calls it; what others depend on. */
  readonly names: readonly string[];
  /** Names of other steps. */
  readonly depends: readonly string[] | undefined;
  readonly tests: Preconditions["tests"];
}

/** @param name when the step itself says none */
export function readStep(value: unknown, field: string, name: string, setting: StepSetting): ReadStep {
  const { losses, taken } = setting;
  const whole = isMap(value) ? value : { command: value };
  const step = sectionOf(whole, field, losses, setting.defaults);
  const title = textOf(step.take("name"));
  const called = textOf(step.take("id"));
  const id = idFor(called ?? title ?? name, taken);
  taken.add(id);
  refuseExecutor(step, losses);
  const command = commandOf(step, setting.shell, losses) ?? callOf(step, losses);
  const { continueOn, comments } = continueOnOf(step, losses);
  const { expressions, tests } = preconditionsOf(
    [step.take("preconditions"), step.take("precondition")],
    setting.isParam,
    losses,
  );
  const depends = step.take("depends");
  const draft: DraftStep = {
    id,
    field,
    ...(title === undefined || title === id ? {} : { title }),
    ...optional("description", textOf(step.take("description"))),
    depends: undefined,
    conditions: [...expressions],
    prelude: preludeOf(step, command, setting),
    script: command.script,
    ...(command.shell === undefined ? {} : { shell: command.shell }),
    env: new Map(),
    ...optional("ownEnv", step.take("env")),
    ...optional("output", outputOf(step, losses)),
    ...continueOn,
    ...optional("timeout", durationOf(step.take("timeout_sec"), losses)),
    ...optional("retry", retryOf(step.take("retry_policy"), losses)),
    ...optional("worker", workerOf(step.take("worker_selector"), losses)),
    comments: [...command.comments, ...comments],
  };
  step.take("log_output");
  step.end(stepAdvice);
  const names = [called, title, name].filter((each) => each !== undefined);
  return { draft, names, depends: depends && listOf(depends.value).map(String), tests };
}

const textOf = (entry: Entry | undefined): string | undefined =>
  isScalar(entry?.value) ? String(entry.value) : undefined;

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

function refuseExecutor(step: Section, losses: Losses): void {
  for (const entry of [step.take("executor"), step.take("type")]) {
    const type = isMap(entry?.value) ? entry.value["type"] : entry?.value;
    const name = isScalar(type) ? String(type) : "";
    if (entry === undefined || commandExecutors.has(name)) continue;
    const advice = executorAdvice[name] ?? "call a program for it in the command";
    losses.lose(entry.field, `there is no executor ${JSON.stringify(name)}: ${advice}`);
  }
}

function callOf(step: Section, losses: Losses): Command {
  const call = step.take("call", "run");
  step.take("params");
  if (call === undefined) losses.lose(step.field, "a step without a command has nothing to do");
  else
    losses.lose(
      call.field,
      "a DAG as a step is not supported in this version: submit it with `haversack run --dag` in a command",
    );
  return { script: ":", comments: [] };
}

function preludeOf(step: Section, command: Command, setting: StepSetting): string[] {
  const own = step.take("working_dir", "dir");
  const folder = own === undefined ? setting.folder : textOf(own);
  const uses = setting.positional.some((name) =>
    new RegExp(`\\$\\{?${name.slice(1)}\\b`).test(command.script),
  );
  const lines = [
    ...(folder === undefined ? [] : folderLines(folder)),
    ...(uses && isShell(command.shell)
      ? [`set -- ${setting.positional.map((name) => `"$${name}"`).join(" ")}`]
      : []),
  ];
  refuseRelative(own, setting.losses);
  return lines;
}

/** A folder that only Dagu's server has beside the DAG. */
export function refuseRelative(folder: Entry | undefined, losses: Losses): void {
  if (folder === undefined || /^[/~$]/.test(String(folder.value))) return;
  const message =
    "a folder beside the DAG file on Dagu's server; a step starts in an empty folder on its worker";
  losses.lose(folder.field, message);
}

function outputOf(step: Section, losses: Losses): string | undefined {
  const entry = step.take("output");
  if (entry === undefined) return undefined;
  const name = isMap(entry.value) ? entry.value["name"] : entry.value;
  if (isMap(entry.value) && entry.value["schema"] !== undefined)
    losses.lose(`${entry.field}.schema`, "the output of a command is text: check it in the command");
  const plain = (isScalar(name) ? String(name) : "").replace(/^\$\{?|\}$/g, "");
  if (/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(plain)) return plain;
  losses.lose(entry.field, "expected the name of an output such as TOTAL");
  return undefined;
}

function continueOnOf(step: Section, losses: Losses) {
  const entry = step.take("continue_on");
  const map = sectionOf(
    typeof entry?.value === "string"
      ? { [entry.value === "failed" ? "failure" : entry.value]: true }
      : entry?.value,
    entry?.field ?? "",
    losses,
  );
  const failure = map.take("failure")?.value === true;
  const skipped = map.take("skipped")?.value === true;
  map.take("mark_success");
  map.end({
    exit_code: "an exit code that counts as success: end the command with `|| [ $? -eq N ]`",
    output: "an output that counts as success: look for it in the command",
  });
  const comments = failure ? ["`continueOnError`: the run can still succeed when this step fails."] : [];
  return { continueOn: { continueOnError: failure, continueOnSkipped: skipped }, comments };
}

function durationOf(entry: Entry | undefined, losses: Losses): string | undefined {
  if (entry === undefined || entry.value === 0) return undefined;
  const text = secondsOf(entry.value);
  if (text === undefined) losses.lose(entry.field, "expected whole seconds");
  return text;
}

function retryOf(entry: Entry | undefined, losses: Losses): Record<string, unknown> | undefined {
  if (entry === undefined) return undefined;
  const policy = sectionOf(entry.value, entry.field, losses);
  const limit = policy.take("limit");
  const backoff = policy.take("backoff")?.value;
  const exitCodes = policy.take("exit_code");
  const delay = durationOf(policy.take("interval_sec"), losses);
  const maxDelay = durationOf(policy.take("max_interval_sec"), losses);
  policy.end({});
  const count = Number(limit?.value ?? 0);
  if (!Number.isInteger(count) || count < 0 || count > 100)
    losses.lose(limit?.field ?? entry.field, "expected a number of tries from 0 to 100");
  return {
    limit: count,
    ...(backoff === undefined || backoff === false ? {} : { backoff: "exponential" }),
    ...optional("delay", delay),
    ...optional("maxDelay", maxDelay),
    ...(exitCodes === undefined ? {} : { exitCodes: listOf(exitCodes.value) }),
  };
}

export function workerOf(entry: Entry | undefined, losses: Losses): Record<string, string> | undefined {
  if (entry === undefined || entry.value === "local") return undefined;
  const pairs = pairsOf(entry.value);
  if (pairs === undefined) losses.lose(entry.field, "expected labels of a worker as a map");
  return Object.fromEntries((pairs ?? []).map(({ name, value }) => [name, String(value)]));
}
