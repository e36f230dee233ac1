/** `env` of a Dagu file: its values are expanded as Dagu would, as far as they are known. */

import { loadsCode } from "@haversack/protocol";
import type { Losses } from "./losses.ts";
import type { Entry } from "./section.ts";
import { isScalar, pairsOf } from "./values.ts";
import { expanded } from "./variables.ts";

const nameForm = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @param meaning what variables of outer places stand for */
export function environmentOf(
  entry: Entry | undefined,
  meaning: (name: string) => string | undefined,
  losses: Losses,
): Map<string, string> {
  const env = new Map<string, string>();
  if (entry === undefined) return env;
  const pairs = pairsOf(entry.value);
  if (pairs === undefined) {
    losses.lose(entry.field, "expected variables as a map, or a list of maps or NAME=value");
    return env;
  }
  for (const { name, value, at } of pairs) {
    const field = `${entry.field}${at}`;
    const told = expanded(isScalar(value) ? String(value) : "", (other) => env.get(other) ?? meaning(other));
    if (!isScalar(value)) losses.lose(field, "expected text, a number or a boolean");
    else if (isTaken(name))
      losses.lose(field, `${name} is reserved, or decides what programs load: set it inside the command`);
    else if (!nameForm.test(name)) losses.lose(field, "expected a variable name such as LOG_LEVEL");
    else if ("problem" in told) losses.lose(field, told.problem);
    else env.set(name, told.text);
  }
  return env;
}

export const isTaken = (name: string): boolean => /^(HAVERSACK_|PARAM_)/.test(name) || loadsCode(name);
