/** Keys of a step that say the same on steps of all kinds. */

import type { Losses } from "./losses.ts";
import { type Entry, isMap, type Section, sectionOf } from "./section.ts";
import { isScalar, listOf, numberOf, pairsOf, secondsOf, textOf } from "./values.ts";

export const scalarOf = (entry: Entry | undefined): string | undefined =>
  isScalar(entry?.value) ? String(entry.value) : undefined;

export const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

export function outputOf(step: Section, losses: Losses): string | undefined {
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

export function continueOnOf(step: Section, losses: Losses) {
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

export function durationOf(entry: Entry | undefined, losses: Losses): string | undefined {
  if (entry === undefined || entry.value === 0) return undefined;
  const text = secondsOf(entry.value);
  if (text === undefined) losses.lose(entry.field, "expected whole seconds");
  return text;
}

export function retryOf(entry: Entry | undefined, losses: Losses): Record<string, unknown> | undefined {
  if (entry === undefined) return undefined;
  const policy = sectionOf(entry.value, entry.field, losses);
  const limit = policy.take("limit");
  const backoff = policy.take("backoff")?.value;
  const exitCodes = policy.take("exit_code");
  const delay = durationOf(policy.take("interval_sec"), losses);
  const maxDelay = durationOf(policy.take("max_interval_sec"), losses);
  policy.end({});
  const count = limit === undefined ? 0 : numberOf(limit.value);
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
  return Object.fromEntries((pairs ?? []).map(({ name, value }) => [name, textOf(value)]));
}
