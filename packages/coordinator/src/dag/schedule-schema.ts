/** `schedule` of a DAG file: cron text, an object, or a list of either, to checked schedules with their defaults. */

import type { JsonObject, Problem, ScheduleSpec } from "@haversack/protocol";
import { fieldProblems } from "@haversack/snapshot";
import { z } from "zod";
import { cronProblem, zoneProblem } from "./cron.ts";
import { fieldOf, type YamlPath, type YamlSource } from "./yaml-source.ts";

const schedulesMax = 20;

const cron = z.string().superRefine((text, context) => {
  const message = cronProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});
const timezone = z.string().superRefine((name, context) => {
  const message = zoneProblem(name);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const entry = z.strictObject({
  cron,
  timezone: timezone.default("UTC"),
  catchUp: z.enum(["none", "last", "all"]).default("none"),
  overlap: z.enum(["skip", "queue", "cancel-previous"]).default("skip"),
  params: z.record(z.string(), z.unknown()).default({}),
});

/** What is wrong with an entry is told by {@link readSchedules}, by its own place. */
export const scheduleSchema = z.unknown().meta({ id: "schedules" });
/** For the JSON Schema of a DAG: cron text, one of these, or a list of either. */
export const scheduleEntry = { schema: entry, countMax: schedulesMax };

export interface ReadSchedules {
  readonly specs: readonly ScheduleSpec[];
  /** Where each stands, for what is found later. */
  readonly places: readonly YamlPath[];
  readonly problems: readonly Problem[];
}

export function readSchedules(value: unknown, source: YamlSource): ReadSchedules {
  if (value === undefined) return { specs: [], places: [], problems: [] };
  const isList = Array.isArray(value);
  const entries: readonly unknown[] = isList ? value : [value];
  const places = entries.map((_, index): YamlPath => (isList ? ["schedule", index] : ["schedule"]));
  const tell = (path: YamlPath, message: string): Problem => {
    const field = fieldOf(path);
    return { file: source.file, ...source.at(field), field, code: "bad_schedule", message };
  };
  if (entries.length === 0 || entries.length > schedulesMax) {
    const message = `expected 1 to ${schedulesMax} schedules, found ${entries.length}`;
    return { specs: [], places: [], problems: [tell(["schedule"], message)] };
  }
  const read = entries.map((each, index) => readEntry(each, places[index] ?? [], tell));
  return {
    specs: read.flatMap(({ spec }) => (spec === undefined ? [] : [spec])),
    places,
    problems: read.flatMap(({ problems }) => problems),
  };
}

function readEntry(
  value: unknown,
  place: YamlPath,
  tell: (path: YamlPath, message: string) => Problem,
): { spec?: ScheduleSpec; problems: readonly Problem[] } {
  const isText = typeof value === "string";
  if (!isText && (typeof value !== "object" || value === null || Array.isArray(value))) {
    return { problems: [tell(place, "expected cron text, or {cron, timezone, catchUp, overlap, params}")] };
  }
  const whole = isText ? { cron: value } : value;
  const parsed = entry.safeParse(whole);
  if (parsed.success)
    return { spec: { ...parsed.data, params: parsed.data.params as JsonObject }, problems: [] };
  const problems = fieldProblems(parsed.error, entry, whole).map(({ field, message }) =>
    tell(isText || field === "" ? place : [...place, ...field.split(".")], message),
  );
  return { problems };
}
