/** Root keys of a Dagu file that say the same in other words: schedule, labels, dotenv. */

import { pathProblem } from "@haversack/base";
import { runLabelProblem } from "@haversack/protocol";
import type { Line } from "./lines.ts";
import type { Losses } from "./losses.ts";
import { type Entry, isMap, type Section } from "./section.ts";
import { isScalar, listOf, pairsOf, textsOf, wordsOf } from "./values.ts";

/** Dagu's times are those of its server. */
const zoneRemark = "Dagu uses the time zone of its server; here it is UTC unless `timezone` says otherwise.";

export function scheduleLine(root: Section, losses: Losses): Line {
  const entry = root.take("schedule");
  const catchUp = root.take("catchup_window");
  const policy = root.take("overlap_policy");
  const crons = entry === undefined ? [] : cronsOf(startsOf(entry, losses), losses);
  const behind = catchUp === undefined ? {} : { catchUp: policy?.value === "latest" ? "last" : "all" };
  const specs = crons.map(({ cron, timezone }) =>
    timezone === undefined && catchUp === undefined
      ? cron
      : { cron, ...(timezone === undefined ? {} : { timezone }), ...behind },
  );
  const remarks = [
    ...(crons.some(({ timezone }) => timezone === undefined) ? [zoneRemark] : []),
    ...(catchUp === undefined
      ? []
      : ["`catchUp` has no window: it makes up for the newest 100 times at most."]),
  ];
  return { key: "schedule", value: specs.length > 1 ? specs : specs[0], comments: remarks };
}

/** The entries that start something. */
function startsOf({ value, field }: Entry, losses: Losses): Entry[] {
  const at = (each: unknown, place: string): Entry[] =>
    Array.isArray(each)
      ? each.map((one: unknown, index) => ({ value: one, field: `${place}[${index}]` }))
      : [{ value: each, field: place }];
  if (!isMap(value) || "expression" in value || "at" in value) return at(value, field);
  for (const key of ["stop", "restart"] as const) {
    if (value[key] !== undefined)
      losses.lose(
        `${field}.${key}`,
        `no schedule ${key}s a run; give its steps a \`timeout\`, or cancel it with the command line`,
      );
  }
  return value["start"] === undefined ? [] : at(value["start"], `${field}.start`);
}

function cronsOf(entries: readonly Entry[], losses: Losses): { cron: string; timezone?: string }[] {
  return entries.flatMap(({ value, field }) => {
    const text = isMap(value) ? value["expression"] : value;
    if (typeof text !== "string") {
      losses.lose(
        field,
        "only cron texts start a run by themselves; for one moment use `haversack run` and a timer of the host",
      );
      return [];
    }
    const [, timezone, cron = ""] = /^(?:(?:CRON_)?TZ=(\S+)\s+)?(.*)$/s.exec(text.trim()) ?? [];
    return [{ cron, ...(timezone === undefined ? {} : { timezone }) }];
  });
}

export function labelsLine(root: Section, losses: Losses): Line {
  const tags = [...tagsOf(root.take("tags"), losses), ...tagsOf(root.take("labels"), losses)];
  const group = root.take("group");
  if (isScalar(group?.value)) tags.push({ name: "group", value: String(group.value), field: group.field });
  const bare = tags.some(({ value }) => value === "");
  const good = tags.filter(({ name, value, field }) => {
    const problem = runLabelProblem(name, value);
    if (problem !== undefined) losses.lose(field, `the tag ${JSON.stringify(name)} ${problem}`);
    return problem === undefined;
  });
  return {
    key: "labels",
    value: Object.fromEntries(good.map(({ name, value }) => [name, value === "" ? "true" : value])),
    comments: bare
      ? ["A tag without a value is a label with the value true: `haversack runs --label NAME=true`."]
      : [],
  };
}

function tagsOf(entry: Entry | undefined, losses: Losses): { name: string; value: string; field: string }[] {
  if (entry === undefined) return [];
  const { value, field } = entry;
  const tag = (text: string, place: string) => {
    const [name = "", ...rest] = text.split("=");
    return { name: name.trim(), value: rest.join("=").trim(), field: place };
  };
  if (typeof value === "string") {
    const separator = value.includes(",") ? "," : /\s+/;
    return value.split(separator).flatMap((text) => (text.trim() === "" ? [] : [tag(text, field)]));
  }
  if (Array.isArray(value) && value.every((each) => typeof each === "string"))
    return value.map((text, index) => tag(text, `${field}[${index}]`));
  const mixed = Array.isArray(value)
    ? value.map((each: unknown) => (typeof each === "string" ? { [each]: "" } : each))
    : value;
  const pairs = pairsOf(mixed);
  if (pairs === undefined || !pairs.every((pair) => isScalar(pair.value))) {
    losses.lose(field, "expected tags as text, a list or a map");
    return [];
  }
  return pairs.map(({ name, value: own, at }) => ({ name, value: String(own), field: `${field}${at}` }));
}

export function dotenvLine(root: Section, losses: Losses): Line {
  const entry = root.take("dotenv");
  const names = entry === undefined ? [] : listOf(entry.value);
  const good = names.filter((name, index) => {
    const problem = typeof name === "string" ? pathProblem(name) : "is no text";
    const field = Array.isArray(entry?.value) ? `${entry.field}[${index}]` : (entry?.field ?? "");
    if (problem !== undefined)
      losses.lose(
        field,
        `the path ${JSON.stringify(name)} ${problem}; dotenv files stand beside the DAG or below its folder`,
      );
    return problem === undefined;
  });
  const paths = good.length === 0 ? [] : [...new Set([".env", ...good])];
  return {
    key: "dotenv",
    value: paths.map((path) => ({ path, optional: true })),
    comments: [
      "Read when the DAG is submitted or stored, from the folder of this file. Their values are stored: no secrets.",
    ],
  };
}

/** What Dagu reads on its server, ours reads on the worker that runs the step. */
const secretKinds = { env: "env", file: "file" } as const;

export function secretsLine(root: Section, losses: Losses): Line {
  const entry = root.take("secrets");
  const secrets = entry === undefined ? [] : listOf(entry.value);
  const converted = secrets.flatMap((each, index) => {
    const { name, provider, key } = isMap(each) ? each : {};
    const kind = Object.entries(secretKinds).find(([known]) => known === provider)?.[1];
    const field = `${entry?.field ?? ""}[${index}]`;
    if (typeof name !== "string" || typeof key !== "string") {
      losses.lose(field, "expected a name, a provider and a key");
    } else if (kind === undefined || (kind === "file" && !key.startsWith("/"))) {
      const instead = `keep the value with \`haversack secret set\`, and name it: secrets: { ${name}: a-name }`;
      losses.lose(field, `the worker reads variables and files of its own host only; ${instead}`);
    } else return [[name, { [kind]: key }] as const];
    return [];
  });
  const comments = [
    "Variables and files (below /run/secrets or /run/credentials) of the worker; values of the vault: NAME: a-name.",
  ];
  return { key: "secrets", value: Object.fromEntries(converted), comments };
}

/** `bash -e` or a list; undefined: the shell that is there anyway. */
export function shellOf(entry: Entry | undefined, losses: Losses): readonly string[] | undefined {
  if (entry === undefined) return undefined;
  const words = typeof entry.value === "string" ? wordsOf(entry.value) : textsOf(entry.value);
  if (words[0] === undefined || words[0] === "") return undefined;
  if (words[0].endsWith("nix-shell"))
    losses.lose(entry.field, "nix-shell is not started for a step; call it in the command");
  if (words[0] === "direct") losses.lose(entry.field, "every command is given to a shell");
  // The text comes in a file, not as an argument.
  return words.filter((word) => word !== "-c");
}
