/** Steps that no worker takes, and that may start: what they ask for, their expressions evaluated. */

import { present } from "@haversack/base";
import {
  type JsonObject,
  localDag,
  parseRunId,
  type RunId,
  type StepSpec,
  stepAt,
} from "@haversack/protocol";
import { evaluateChild } from "../../runs/templates.ts";
import { integer, integerOrNone, text, textOrNone } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { childrenNextDue, runFamily, childrenReady as stepsReady } from "../statements/child.ts";
import type { VerbContext } from "../verb.ts";
import { itemData } from "./claim-material.ts";
import { RunFacts } from "./expression-data.ts";
import { type PinnedDag, readPinnedDag } from "./pinned-dags.ts";

export interface ReadyPlace {
  readonly runNo: number;
  readonly index: number;
}

/** A step that no worker takes, and that may start. */
export interface ReadyChild extends ReadyPlace {
  readonly runId: RunId;
  /** Attempts before this one. */
  readonly attempt: number;
  readonly step: StepSpec;
  /** The DAG of its run, and the one in whose file that stands when it is a local one. */
  readonly dagName: string;
  readonly localOf?: string;
  /** Of its run. */
  readonly depth: number;
  /** Absent: it is of another kind. */
  readonly child?: ChildAsked;
}

/** What a `dag` step asks for, its expressions evaluated. */
export interface ChildAsked {
  readonly use: string;
  readonly params: JsonObject;
  /** The name is that of a DAG of the same file. */
  readonly isLocal: boolean;
  /** Absent: nobody knew at submission that it would be started. */
  readonly pinned?: PinnedDag;
}

export interface ReadyChildrenQuery {
  readonly now: number;
  readonly after?: ReadyPlace;
  readonly limit: number;
}

export async function childrenReady(context: VerbContext, { now, after, limit }: ReadyChildrenQuery) {
  const { runNo = 0, index = 0 } = after ?? {};
  const steps: ReadyChild[] = [];
  for (const row of await context.tx.all(stepsReady, now, runNo, index, limit)) {
    const run = await context.runs.find(parseRunId(text(row, "run_id")));
    if (run !== undefined) steps.push(await readyChild(context, run, row));
  }
  const due = await context.tx.one(childrenNextDue, now);
  return { steps, nextDue: due === undefined ? undefined : integerOrNone(due, "due") };
}

async function readyChild(context: VerbContext, run: RunState, row: Row): Promise<ReadyChild> {
  const index = integer(row, "idx");
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  const family = present(await context.tx.one(runFamily, run.no), `run ${run.id}`);
  const step = present(stepAt(spec, index), "the step of a run");
  const item = textOrNone(row, "item");
  const child = await childAsked(context, run, { step, index, item, pins: integer(family, "pins") });
  return {
    runId: run.id,
    runNo: run.no,
    index,
    attempt: integer(row, "attempt"),
    step,
    dagName: spec.name,
    depth: integer(family, "depth"),
    ...(spec.localOf === undefined ? {} : { localOf: spec.localOf }),
    ...(child === undefined ? {} : { child }),
  };
}

interface AskingStep {
  readonly step: StepSpec;
  readonly index: number;
  /** JSON: what it is for; undefined: no item. */
  readonly item: string | undefined;
  /** Number of the run whose pins it uses. */
  readonly pins: number;
}

async function childAsked(
  context: VerbContext,
  run: RunState,
  { step, index, item, pins }: AskingStep,
): Promise<ChildAsked | undefined> {
  if (step.work.kind !== "dag") return undefined;
  const { spec, pathsOf } = await context.dags.get(context.tx, run.dagDigest);
  const facts = await new RunFacts(context, run).about(pathsOf(index));
  const data = item === undefined ? facts : { ...facts, item: itemData(spec, index, item) };
  const { use, params } = evaluateChild(step.work, data);
  const isLocal = localDag(spec, use) !== undefined;
  const key = isLocal ? `${spec.localOf ?? spec.name}/${use}` : use;
  const pinned = await readPinnedDag(context, pins, key);
  return { use, params, isLocal, ...(pinned === undefined ? {} : { pinned }) };
}
