/** The first step of a run is handed out, or asks a person: the run begins, and so does its time. */

import type { RunState } from "../run-states.ts";
import { runDue } from "../statements/deadline.ts";
import { runsStart } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";
import { recordRun } from "./record.ts";

/** Those of them that are queued. */
export async function startRuns(context: VerbContext, runs: Iterable<RunState>, now: number): Promise<void> {
  const { tx, dags } = context;
  const queued = [...new Set(runs)].filter(({ status }) => status === "queued");
  await tx.each(
    runsStart,
    queued.map(({ no }) => [no, now]),
  );
  for (const run of queued) {
    run.status = "running";
    const { timeoutMs } = (await dags.get(tx, run.dagDigest)).spec;
    if (timeoutMs !== undefined) await setDue(context, run, now + timeoutMs);
    recordRun(context, run, now);
  }
}

export async function setDue({ tx }: VerbContext, run: RunState, dueAt: number | undefined): Promise<void> {
  if (run.dueAt === dueAt) return;
  run.dueAt = dueAt;
  await tx.run(runDue, run.no, dueAt ?? null);
}
