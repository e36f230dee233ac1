/** Logs: no gap, no repetition (G1), and none of a run that is not there. */

import { flag, integer, text } from "../../store/rows.ts";
import { logRuns, logStreamsWrong } from "../../store/statements/log-check.ts";
import { runsKnown } from "../../store/statements/run-check.ts";
import type { Check, CheckParts } from "./check.ts";

export const logChecks: readonly Check[] = [
  { id: "logs", holds: "logs have no gap and no repetition", faults: streamFaults },
  { id: "log-runs", holds: "every log belongs to a run", faults: orphanFaults },
];

/** What is being forgotten is deleted piece by piece. */
async function runsIn({ tx }: CheckParts): Promise<ReadonlyMap<string, "kept" | "forgotten">> {
  const rows = await tx.all(runsKnown);
  return new Map(rows.map((row) => [text(row, "id"), flag(row, "forgotten") ? "forgotten" : "kept"]));
}

async function* streamFaults(parts: CheckParts): AsyncIterable<string> {
  const wrong = (await parts.logs?.all(logStreamsWrong)) ?? [];
  if (wrong.length === 0) return;
  const runs = await runsIn(parts);
  for (const row of wrong) {
    if (runs.get(text(row, "run_id")) === "forgotten") continue;
    const name = ["run_id", "step_id"].map((column) => text(row, column)).join("/");
    const held = `${integer(row, "bytes")} bytes in pieces, ${integer(row, "next_offset")} by its count`;
    yield `log of ${name}, attempt ${integer(row, "attempt")}, ${text(row, "stream")}: ${held}`;
  }
}

async function* orphanFaults(parts: CheckParts): AsyncIterable<string> {
  if (parts.logs === undefined) return;
  const ids = (await parts.logs.all(logRuns)).map((row) => text(row, "run_id"));
  const runs = await runsIn(parts);
  for (const id of ids) if (!runs.has(id)) yield `logs of run ${id}, which is not there`;
}
