/** One step of a Dagu file, but for its place among the others. */

import { adviceFor } from "./advice.ts";
import { type Command, commandOf, folderLines, isShell } from "./command.ts";
import { type Preconditions, preconditionsOf } from "./conditions.ts";
import { bareStep, type DraftStep, idFor } from "./draft.ts";
import { humanWork } from "./human-step.ts";
import type { Losses } from "./losses.ts";
import type { CallSetting, OtherWork } from "./other-work.ts";
import {
  continueOnOf,
  durationOf,
  optional,
  outputOf,
  retryOf,
  scalarOf,
  workerOf,
} from "./read-step-keys.ts";
import { type Entry, isMap, type Section, sectionOf } from "./section.ts";
import { isUnclearRun, type KindSetting, otherWorkOf } from "./step-kind.ts";
import { textOf, textsOf } from "./values.ts";

/** What the DAG says for all of its steps. */
export interface StepSetting {
  readonly losses: Losses;
  readonly defaults: Section;
  readonly shell?: readonly string[];
  readonly folder?: string;
  readonly positional: readonly string[];
  readonly isParam: (name: string) => boolean;
  readonly calls: CallSetting;
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
  /** Comes behind it. */
  readonly approval?: DraftStep;
}

/** @param name when the step itself says none */
export function readStep(value: unknown, field: string, name: string, setting: StepSetting): ReadStep {
  const { losses, taken } = setting;
  const whole = isMap(value) ? value : { command: value };
  const step = sectionOf(whole, field, losses, setting.defaults);
  const title = scalarOf(step.take("name"));
  const called = scalarOf(step.take("id"));
  const id = idFor(called ?? title ?? name, taken);
  taken.add(id);
  const kind = { calls: setting.calls, whole, title: title ?? id };
  const work = otherWorkOf(step, kind);
  const approval = work?.kind === "human" ? undefined : step.take("approval");
  const { expressions, tests } = preconditionsOf(
    [step.take("preconditions"), step.take("precondition")],
    setting.isParam,
    losses,
  );
  const depends = step.take("depends");
  const { continueOn, comments } = continueOnOf(step, losses);
  const common: DraftStep = {
    ...bareStep(id, field),
    ...(title === undefined || title === id ? {} : { title }),
    ...optional("description", scalarOf(step.take("description"))),
    conditions: [...expressions],
    ...optional("ownEnv", step.take("env")),
    ...continueOn,
    comments,
  };
  const draft = { ...common, ...ownKeys(step, work, kind, setting) };
  step.take("log_output");
  step.end(adviceFor(work?.kind));
  const read = {
    names: [called, title, name].filter((each) => each !== undefined),
    depends: depends && textsOf(depends.value),
    tests,
  };
  if (approval === undefined) return { ...read, draft };
  // Nobody is asked about a step that was skipped; who waits for both goes on.
  return {
    ...read,
    draft: { ...draft, continueOnSkipped: false },
    approval: approvalStep(draft, approval, setting),
  };
}

/** What steps of its kind have. */
function ownKeys(
  step: Section,
  work: OtherWork | undefined,
  kind: KindSetting,
  setting: StepSetting,
): Partial<DraftStep> {
  const { losses } = setting;
  if (work?.kind === "human") return { work };
  const limits = {
    ...optional("timeout", durationOf(step.take("timeout_sec"), losses)),
    ...optional("retry", retryOf(step.take("retry_policy"), losses)),
  };
  if (work !== undefined) {
    if (limits.retry?.["exitCodes"] !== undefined)
      losses.lose(step.field, "a child run has no exit code: leave `exitCode` out of the retry policy");
    return { work, ...limits };
  }
  if (isUnclearRun(kind))
    losses.lose(
      `${step.field}.run`,
      "a DAG for older versions of Dagu, a command for newer ones: write `call` or `command`",
    );
  const command = commandOf(step, setting.shell, losses);
  if (command === undefined) losses.lose(step.field, "a step without a command has nothing to do");
  const { script, shell, comments } = command ?? { script: ":", comments: [] };
  return {
    ...limits,
    prelude: preludeOf(step, { script, comments, ...optional("shell", shell) }, setting),
    script,
    ...optional("shell", shell),
    ...optional("output", outputOf(step, losses)),
    ...optional("worker", workerOf(step.take("worker_selector"), losses)),
    ...(comments.length === 0 ? {} : { comments: [...comments] }),
  };
}

/** Dagu does the step first, and then asks. */
function approvalStep(draft: DraftStep, approval: Entry, { losses, taken }: StepSetting): DraftStep {
  const id = idFor(`${draft.id}-approval`, taken);
  taken.add(id);
  const remark = draft.continueOnError ? ["Asked when the step before has failed, too."] : [];
  return {
    ...bareStep(id, draft.field),
    depends: [draft.id],
    work: humanWork(approval, draft.title ?? draft.id, losses),
    continueOnSkipped: draft.continueOnSkipped,
    comments: [
      "Dagu asks for this approval when the step before has run; here that is a step of its own.",
      ...remark,
    ],
  };
}

function preludeOf(step: Section, command: Command, setting: StepSetting): string[] {
  const own = step.take("working_dir", "dir");
  const folder = own === undefined ? setting.folder : scalarOf(own);
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
  if (folder === undefined || /^[/~$]/.test(textOf(folder.value))) return;
  const message =
    "a folder beside the DAG file on Dagu's server; a step starts in an empty folder on its worker";
  losses.lose(folder.field, message);
}
