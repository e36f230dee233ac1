/** The `params` of a call of another DAG, by the names that the called one gives them. */

import type { CallSetting, LocalTarget, Meaning } from "./other-work.ts";
import type { Item, Parallel } from "./parallel.ts";
import { type Entry, isMap } from "./section.ts";
import { isScalar, pairsOf, textOf, wordsOf } from "./values.ts";
import { expanded } from "./variables.ts";

interface Place {
  readonly setting: CallSetting;
  readonly local: LocalTarget | undefined;
  readonly meaning: Meaning;
  readonly parallel: Parallel | undefined;
  /** Of the call. */
  readonly field: string;
}

interface Given {
  /** Undefined: known by its place. */
  readonly name: string | undefined;
  readonly text: string;
  readonly field: string;
}

export interface CallParams {
  readonly params: Readonly<Record<string, string>>;
  /** When the items themselves became others. */
  readonly items?: readonly Item[];
}

const nameForm = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

export function callParams(entry: Entry | undefined, place: Place): CallParams {
  const isItem = entry === undefined || isWholeItem(entry.value);
  if (place.parallel !== undefined && isItem)
    return itemParams(place.parallel, entry?.field ?? place.field, place);
  const given = entry === undefined ? [] : givenIn(entry, place);
  return { params: named(given, place) };
}

const isWholeItem = (value: unknown): boolean =>
  typeof value === "string" && /^\$(?:ITEM|\{ITEM\})$/.test(value.trim());

function givenIn({ value, field }: Entry, { setting }: Place): Given[] {
  if (isScalar(value)) return inText(String(value), field);
  const asPairs = (map: unknown, at: string): Given[] =>
    (pairsOf(map) ?? []).map((pair) => ({
      name: pair.name,
      text: textOf(pair.value),
      field: `${at}${pair.at}`,
    }));
  if (isMap(value)) return asPairs(value, field);
  if (!Array.isArray(value)) {
    setting.losses.lose(field, "expected parameters as text, a list or a map");
    return [];
  }
  return value.flatMap((each: unknown, index): Given[] => {
    const at = `${field}[${index}]`;
    return isScalar(each) ? inText(String(each), at) : asPairs(each, at);
  });
}

/** `A=1 B="two words" rest` */
const inText = (text: string, field: string): Given[] =>
  wordsOf(text).map((word) => {
    const [, name, value = word] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    return { name, text: value, field };
  });

function named(given: readonly Given[], place: Place): Record<string, string> {
  const { losses } = place.setting;
  const params: Record<string, string> = {};
  for (const [index, { name, text, field }] of given.entries()) {
    const called = name ?? nameAt(index, place.local);
    const told = expanded(text, (path) => asText(place.meaning(path), called, place));
    if ("problem" in told) losses.lose(field, told.problem);
    else if (isTaken(called, field, place)) params[called] = told.text;
  }
  return params;
}

/** The called DAG's own name for its first, second … parameter. */
const nameAt = (index: number, local: LocalTarget | undefined): string =>
  [...(local?.params.keys() ?? [])][index] ?? `P${index + 1}`;

function isTaken(name: string, field: string, { local, setting }: Place): boolean {
  if (!nameForm.test(name))
    setting.losses.lose(
      field,
      `${JSON.stringify(name)} cannot be the name of a parameter: letters, digits and _`,
    );
  else if (local !== undefined && !local.params.has(name))
    setting.losses.lose(
      field,
      `the DAG ${JSON.stringify(local.name)} declares no parameter ${JSON.stringify(name)}: write it under its \`params\``,
    );
  else return true;
  return false;
}

/** A number that the called DAG takes as text: in Dagu every value is. */
function asText(value: string | undefined, called: string, { local, setting }: Place): string | undefined {
  const [, param] = /^\$\{\{ params\.(\w+) \}\}$/.exec(value ?? "") ?? [];
  const type = setting.params.get(param ?? "")?.["type"];
  if (param === undefined || type === "string" || local?.params.get(called)?.["type"] !== "string")
    return value;
  return `\${{ toJson(params.${param}) }}`;
}

/** Without `params`, an item is what the called DAG is given. */
function itemParams({ items }: Parallel, field: string, place: Place): CallParams {
  const { losses } = place.setting;
  if (typeof items === "string") {
    losses.lose(
      field,
      "what each item gives is not known before the run: write `params`, such as NAME=${ITEM}",
    );
    return { params: {} };
  }
  const each = items.map((item): readonly Given[] =>
    typeof item === "string"
      ? inText(item, field)
      : Object.entries(item).map(([name, text]) => ({ name, text, field })),
  );
  if (each.every(([only, ...more]) => only !== undefined && only.name === undefined && more.length === 0)) {
    const name = nameAt(0, place.local);
    return isTaken(name, field, place) ? { params: { [name]: "${{ item }}" } } : { params: {} };
  }
  const maps = each.map((given) =>
    Object.fromEntries(given.map(({ name, text }, index) => [name ?? nameAt(index, place.local), text])),
  );
  const names = Object.keys(maps[0] ?? {});
  if (maps.some((map) => Object.keys(map).toSorted().join() !== names.toSorted().join())) {
    losses.lose(field, "the items give different parameters: write `params`, with ${ITEM.NAME} for each");
    return { params: {} };
  }
  const good = names.filter((name) => isTaken(name, field, place));
  return { params: Object.fromEntries(good.map((name) => [name, `\${{ item.${name} }}`])), items: maps };
}
