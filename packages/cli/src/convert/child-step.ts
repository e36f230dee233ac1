/** Calls of other DAGs in a Dagu file, as steps of kind `dag`. */

import { callParams } from "./call-params.ts";
import type { Line } from "./lines.ts";
import { dagName, fileTitle } from "./names.ts";
import type { CallSetting, LocalTarget, Meaning, OtherWork } from "./other-work.ts";
import { type Parallel, parallelOf } from "./parallel.ts";
import type { Entry } from "./section.ts";
import { isScalar } from "./values.ts";
import { expanded } from "./variables.ts";

export interface Call {
  /** The DAG's name, as Dagu knows it. */
  readonly target: Entry;
  readonly params?: Entry;
  readonly parallel?: Entry;
  readonly result?: string;
}

const itemPath = /^ITEM(?:\.([A-Za-z][\w-]{0,63}))?$/;

export function childWork(call: Call, setting: CallSetting): OtherWork {
  return {
    kind: "dag",
    ...(call.result === undefined ? {} : { result: call.result }),
    isMany: call.parallel !== undefined,
    lines: (meaning) => linesOf(call, setting, meaning),
  };
}

function linesOf(call: Call, setting: CallSetting, outer: Meaning): Line[] {
  const { losses, params } = setting;
  const parallel =
    call.parallel === undefined
      ? undefined
      : parallelOf(call.parallel, outer, (name) => params.get(name)?.["default"], losses);
  const meaning = parallel === undefined ? outer : withItem(outer);
  const { use, local, remarks } = targetOf(call.target, setting, meaning);
  const given = callParams(call.params, { setting, local, meaning, parallel, field: call.target.field });
  const value = { use, ...(Object.keys(given.params).length === 0 ? {} : { params: given.params }) };
  const dag: Line = { key: "dag", value, comments: remarks };
  if (parallel === undefined) return [dag];
  return [...itemLines({ ...parallel, items: given.items ?? parallel.items }), dag];
}

const withItem =
  (outer: Meaning): Meaning =>
  (path) => {
    const [whole, field] = itemPath.exec(path) ?? [];
    if (whole === undefined) return outer(path);
    return field === undefined ? "${{ item }}" : `\${{ item.${field} }}`;
  };

function targetOf(
  { value, field }: Entry,
  { locals, losses }: CallSetting,
  meaning: Meaning,
): { use: string; local?: LocalTarget; remarks: string[] } {
  const text = isScalar(value) ? String(value).trim() : "";
  if (text === "") losses.lose(field, "expected the name of a DAG");
  const local = locals.get(text);
  if (local !== undefined) return { use: local.name, local, remarks: [] };
  if (text.includes("$")) {
    const told = expanded(text, meaning);
    if ("problem" in told) losses.lose(field, told.problem);
    const remark =
      "Whatever this gives must be the name of a DAG of this file or of a stored one; `candidates` may limit it.";
    return { use: "text" in told ? told.text : "dag", remarks: [remark] };
  }
  const use = dagName(fileTitle(text));
  return {
    use,
    remarks: [
      `A stored DAG: convert it too, and store it with \`haversack dag put\`.${use === text ? "" : ` In Dagu: ${text}`}`,
    ],
  };
}

function itemLines({ items, maxParallel }: Parallel): Line[] {
  const isKnown = typeof items !== "string";
  return [
    {
      key: "foreach",
      value: items,
      comments: [
        ...(isKnown ? [] : ["A list in JSON; Dagu also splits other text, and takes each number as text."]),
        "Dagu runs equal items once, and fails when there are none; here each is done, and none is a success.",
      ],
    },
    { key: "maxParallel", value: maxParallel },
    { key: "failFast", value: false },
  ];
}
