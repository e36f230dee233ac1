/** Runs, steps and attempts, by SQL; and what each step waits for, by its DAG. */

import { isTerminalStep, parseDigest, type StepPhase } from "@haversack/protocol";
import { DagCache } from "../../store/dag-cache.ts";
import { integer, text } from "../../store/rows.ts";
import type { Statement } from "../../store/statement.ts";
import { itemsWrong } from "../../store/statements/item-check.ts";
import * as limits from "../../store/statements/limit-check.ts";
import * as statements from "../../store/statements/run-check.ts";
import * as waits from "../../store/statements/wait-check.ts";
import type { Check, CheckParts } from "./check.ts";

const runsPerPage = 100;

const asked = (id: string, holds: string, ...all: readonly Statement[]): Check => ({
  id,
  holds,
  async *faults({ tx }) {
    for (const statement of all) for (const row of await tx.all(statement)) yield text(row, "fault");
  },
});

export const runsChecks: readonly Check[] = [
  asked(
    "accepted",
    "no step was accepted twice, and its newest attempt is the one",
    statements.acceptedTwice,
    statements.acceptedWrongly,
  ),
  asked(
    "attempts",
    "attempts have no gap, and what is leased or runs has a lease",
    statements.attemptsWrong,
    statements.leasesWrong,
  ),
  asked("items", "steps count their items", itemsWrong),
  asked("counters", "runs count the steps that have not ended", statements.countersWrong),
  asked(
    "ends",
    "a run has ended when its steps have, and not before",
    statements.endedWrongly,
    statements.stuck,
  ),
  asked(
    "waits",
    "what a pause or a question holds up is held up, and nothing else",
    waits.pausesWrong,
    waits.questionsWrong,
  ),
  asked("events", "events are numbered from 1 without a gap", statements.eventsWrong),
  asked("named-packs", "every snapshot that a step names is there", statements.packsMissing),
  asked("queues", "every step stands in a queue that is there", limits.queuesWrong),
  asked(
    "limits",
    "no more steps and runs are under way than their keys allow",
    limits.keysExceeded,
    limits.runsExceeded,
  ),
  { id: "waiting", holds: "a step waits for as many as have not ended before it", faults: waitingFaults },
];

async function* waitingFaults({ tx }: CheckParts): AsyncIterable<string> {
  const dags = new DagCache();
  for (let after = ""; ; ) {
    const rows = await tx.all(statements.runsGoingOn, after, runsPerPage);
    for (const row of rows) {
      after = text(row, "id");
      const { graph } = await dags.get(tx, parseDigest(text(row, "dag_digest")));
      const steps = await tx.all(statements.stepsToCheck, integer(row, "no"));
      const hasEnded = steps.map((step) => isTerminalStep(text(step, "phase") as StepPhase));
      for (const [index, step] of steps.entries()) {
        const waits = (graph.depends[index] ?? []).filter(
          (dependency) => hasEnded[dependency] !== true,
        ).length;
        const told = integer(step, "waiting_for");
        if (text(step, "phase") === "waiting" && told !== waits)
          yield `run ${after}, step ${text(step, "step_id")} waits for ${told}, and ${waits} have not ended`;
      }
    }
    if (rows.length < runsPerPage) return;
  }
}
