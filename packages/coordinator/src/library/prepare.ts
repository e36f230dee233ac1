/**
 * A DAG file and what a run of it is given, checked and made ready to be stored: all of a submission that needs neither
 * the agent library nor the database. For DAGs without agents, which is what large ones are.
 */

import {
  allSteps,
  type DotenvTexts,
  type JsonObject,
  type RunId,
  type RunLabels,
  type ScheduleSpec,
} from "@haversack/protocol";
import { settleParams } from "../dag/params.ts";
import { type ParsedDag, parseDag } from "../dag/parse-dag.ts";
import { digestOfDag } from "../dag/parsed-dags.ts";
import { settleLabels } from "../dag/run-labels.ts";
import type { RunSubmission } from "../store/verbs/run-submit.ts";
import { settleKeys } from "./check-limits.ts";
import type { PinnedDags } from "./pin-dags.ts";
import { templateData } from "./step-submission.ts";
import { submittedSteps } from "./submitted-steps.ts";

export interface Asked {
  readonly text: string;
  readonly file: string;
  /** Absent: whoever asks has no use for the variables in them. */
  readonly dotenv?: DotenvTexts;
  /** Absent: the file is checked only. */
  readonly run?: { readonly id: RunId; readonly params: JsonObject; readonly labels: RunLabels };
}

export interface Prepared {
  readonly name: string;
  readonly schedules: readonly ScheduleSpec[];
  readonly dotenv: ParsedDag["dotenv"];
  /** Without agents, pools and secrets. Of any other nothing else is told: they are looked up where they are known. */
  readonly isPlain: boolean;
  readonly run?: Pick<
    RunSubmission,
    "dagDigest" | "dag" | "params" | "labels" | "steps" | "packs" | "pinned" | "concurrency"
  >;
}

/** Throws ProblemsError. */
export function prepare({ text, file, dotenv, run }: Asked): Prepared {
  const parsed = parseDag(text, file, dotenv);
  const { name, schedules = [] } = parsed.spec;
  const isPlain = allSteps(parsed.spec).every(
    ({ work, concurrency = [], secrets }) =>
      work.kind === "run" && secrets === undefined && !concurrency.some((limit) => "pool" in limit),
  );
  const about = { name, schedules, dotenv: parsed.dotenv, isPlain };
  if (run === undefined || !isPlain) return about;
  const { steps, ...content } = contentOf(parsed, run, { pins: new Map(), children: [] });
  const packed = { dag: { json: JSON.stringify(parsed.spec) }, steps: { json: JSON.stringify(steps) } };
  return { ...about, run: { ...content, ...packed, dagDigest: digestOfDag(parsed) } };
}

/** What a run is given, settled and checked. Throws ProblemsError. */
export function contentOf(
  parsed: ParsedDag,
  { id, params: given, labels }: NonNullable<Asked["run"]>,
  pins: PinnedDags,
) {
  const { spec, source } = parsed;
  const params = settleParams(spec, given, source.file);
  const data = templateData(id, spec, params);
  return {
    params,
    labels: settleLabels(spec, labels, data, source.file),
    ...submittedSteps(spec, pins, data),
    ...settleKeys(parsed, data),
  };
}
