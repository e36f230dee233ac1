/** Approvals of a Dagu file, as steps that ask a person. */

import type { Line } from "./lines.ts";
import type { Losses } from "./losses.ts";
import type { OtherWork } from "./other-work.ts";
import { type Entry, isMap, sectionOf } from "./section.ts";
import { isScalar, textsOf } from "./values.ts";
import { expanded } from "./variables.ts";

const fieldForm = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** Every answer has these already. */
const taken = new Set(["decision", "by", "onBehalfOf", "comment"]);

/**
 * @param entry has `prompt`, with `input` and `required` or with a `form`
 * @param title of the step
 */
export function humanWork(entry: Entry, title: string, losses: Losses): OtherWork {
  const asked = sectionOf(entry.value, entry.field, losses);
  const prompt = asked.take("prompt") ?? { value: `Go on after ${title}?`, field: entry.field };
  const whole = asked.take("form");
  const names = namesIn(asked.take("input"), losses);
  const required = namesIn(asked.take("required"), losses);
  asked.end({
    rewind_to: "a rejection ends the step; `haversack retry RUN --from STEP` does it again",
  });
  const form = whole === undefined ? formOf(names, required) : checkedForm(whole, losses);
  const fields = Object.keys(form?.["properties"] ?? {});
  return {
    kind: "human",
    fields,
    lines(meaning): Line[] {
      const told = expanded(isScalar(prompt.value) ? String(prompt.value) : "", meaning);
      if ("problem" in told) losses.lose(prompt.field, told.problem);
      const text = "text" in told && told.text !== "" ? told.text : title;
      const comments = [
        "Rejected, the step fails, and the run with it. `timeout` would give the person a time limit.",
      ];
      return [{ key: "human", value: { prompt: text, ...(form === undefined ? {} : { form }) }, comments }];
    },
  };
}

function namesIn(entry: Entry | undefined, losses: Losses): string[] {
  if (entry === undefined) return [];
  const names = textsOf(entry.value);
  return names.filter((name) => isField(name, entry.field, losses));
}

function isField(name: string, field: string, losses: Losses): boolean {
  if (fieldForm.test(name) && !taken.has(name)) return true;
  const why = taken.has(name) ? "which every answer has already" : "expected a name such as environment";
  losses.lose(field, `${JSON.stringify(name)} cannot be the name of a field: ${why}`);
  return false;
}

function formOf(names: readonly string[], required: readonly string[]): Record<string, unknown> | undefined {
  const all = [...new Set([...names, ...required])];
  if (all.length === 0) return undefined;
  const properties = Object.fromEntries(all.map((name) => [name, { type: "string" }]));
  return { type: "object", ...(required.length === 0 ? {} : { required }), properties };
}

function checkedForm({ value, field }: Entry, losses: Losses): Record<string, unknown> | undefined {
  const properties = isMap(value) ? value["properties"] : undefined;
  if (!isMap(value) || !isMap(properties)) {
    losses.lose(field, "expected the JSON Schema of an object with `properties`");
    return undefined;
  }
  const good = Object.keys(properties).every((name) => isField(name, `${field}.properties.${name}`, losses));
  return good && Object.keys(properties).length > 0 ? { ...value } : undefined;
}
