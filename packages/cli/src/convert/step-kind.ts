/** Which kind of step one of a Dagu file becomes, by the keys that say what it does. */

import { childExecutors, commandExecutors, executorAdvice, humanExecutors } from "./advice.ts";
import { childWork } from "./child-step.ts";
import { humanWork } from "./human-step.ts";
import type { CallSetting, OtherWork } from "./other-work.ts";
import { outputOf } from "./read-step-keys.ts";
import { type Entry, isMap, type Section, sectionOf } from "./section.ts";
import { isScalar } from "./values.ts";

export interface KindSetting {
  readonly calls: CallSetting;
  /** The step as it stands in the file. */
  readonly whole: Readonly<Record<string, unknown>>;
  readonly title: string;
}

/** Undefined: a command. */
export function otherWorkOf(step: Section, setting: KindSetting): OtherWork | undefined {
  const { title } = setting;
  const { losses } = setting.calls;
  const action = step.take("action");
  if (action !== undefined) return actionWork(action, step, setting);
  const { name, field, config } = executorOf(step);
  if (humanExecutors.has(name)) {
    const asked = config ?? step.take("config") ?? step.take("approval");
    return humanWork(asked ?? { value: {}, field: step.field }, title, losses);
  }
  const target = step.take("call") ?? (callsByRun(setting) ? step.take("run") : undefined);
  if (target !== undefined) return callWork(target, step.take("params"), step, setting);
  if (commandExecutors.has(name)) return undefined;
  const advice = childExecutors.has(name)
    ? "expected `call` with the name of a DAG"
    : `there is no executor ${JSON.stringify(name)}: ${executorAdvice[name] ?? "call a program for it in the command"}`;
  losses.lose(field, advice);
  return undefined;
}

/** Both are taken; a step has one of them. */
function executorOf(step: Section): { name: string; field: string; config?: Entry } {
  const executor = step.take("executor");
  const entry = step.take("type") ?? executor;
  const { value, field } = entry ?? { value: "", field: step.field };
  const type = isMap(value) ? value["type"] : value;
  const config = isMap(value) ? value["config"] : undefined;
  return {
    name: isScalar(type) ? String(type) : "",
    field,
    ...(config === undefined ? {} : { config: { value: config, field: `${field}.config` } }),
  };
}

function actionWork(action: Entry, step: Section, setting: KindSetting): OtherWork | undefined {
  const { losses } = setting.calls;
  const whole = step.take("with");
  const given = whole ?? { value: {}, field: action.field };
  if (action.value === "human.task") return humanWork(given, setting.title, losses);
  if (action.value !== "dag.run") {
    losses.lose(
      action.field,
      `there is no action ${JSON.stringify(action.value)}: call a program for it in the command`,
    );
    return undefined;
  }
  const call = sectionOf(given.value, given.field, losses);
  const target = call.take("dag");
  const work = callWork(target ?? { value: "dag", field: given.field }, call.take("params"), step, setting);
  if (target === undefined) losses.lose(given.field, "expected `dag` with the name of a DAG");
  call.end({});
  return work;
}

function callWork(
  target: Entry,
  params: Entry | undefined,
  step: Section,
  { calls }: KindSetting,
): OtherWork {
  const parallel = step.take("parallel");
  const result = outputOf(step, calls.losses);
  return childWork(
    {
      target,
      ...(params === undefined ? {} : { params }),
      ...(parallel === undefined ? {} : { parallel }),
      ...(result === undefined ? {} : { result }),
    },
    calls,
  );
}

/** `run` is a DAG in older files, and a command in newer ones. */
function callsByRun({ whole, calls }: KindSetting): boolean {
  const { run } = whole as { readonly run?: unknown };
  if (typeof run !== "string" || /\s/.test(run.trim())) return false;
  const isNamed = /\.ya?ml$/.test(run) || calls.locals.has(run.trim());
  return isNamed || "params" in whole || "parallel" in whole;
}

/** Nothing says which of them is meant. */
export const isUnclearRun = ({ whole, calls }: KindSetting): boolean => {
  const { run } = whole as { readonly run?: unknown };
  return typeof run === "string" && /^[\w-]+$/.test(run.trim()) && !callsByRun({ whole, calls, title: "" });
};
