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
import { dagDigestOf } from "../dag/parsed-dags.ts";
import { settleLabels } from "../dag/run-labels.ts";
import type { RunSubmission } from "../store/verbs/run-submit.ts";
import { stepSubmission, templateData } from "./step-submission.ts";

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
  /** Nothing else is told of it: its items are planned where the agent library is. */
  readonly hasAgents: boolean;
  readonly run?: Pick<RunSubmission, "dagDigest" | "dag" | "params" | "labels" | "steps">;
}

/** Throws ProblemsError. */
export function prepare({ text, file, dotenv, run }: Asked): Prepared {
  const parsed = parseDag(text, file, dotenv);
  const { name, schedules = [] } = parsed.spec;
  const hasAgents = allSteps(parsed.spec).some(({ work }) => work.kind === "agent");
  const about = { name, schedules, dotenv: parsed.dotenv, hasAgents };
  if (run === undefined || hasAgents) return about;
  const params = settleParams(parsed.spec, run.params, file);
  const data = templateData(run.id, parsed, params);
  const steps = allSteps(parsed.spec).map((step) => stepSubmission(step, undefined, data));
  return {
    ...about,
    run: {
      dagDigest: dagDigestOf(parsed),
      dag: { json: JSON.stringify(parsed.spec) },
      params,
      labels: settleLabels(parsed.spec, run.labels, data, file),
      steps: { json: JSON.stringify(steps) },
    },
  };
}
