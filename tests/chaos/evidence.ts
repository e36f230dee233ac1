/** Asks the coordinators, when all is quiet, what became of every run. */

import type { HaversackClient, LogPiece, RunEvent, RunId } from "@haversack/protocol";
import type { Evidence } from "./judge.ts";
import type { Submitted } from "./load.ts";

const pageSize = 200;
const noSignal = new AbortController().signal;

export async function collectEvidence(
  client: HaversackClient,
  submitted: readonly Submitted[],
): Promise<readonly Evidence[]> {
  const counts = await runsByName(client);
  const all: Evidence[] = [];
  for (const one of submitted) {
    const { dag, runId, cancel, events: seen } = one;
    const runsOfKey = counts.get(dag.token) ?? 0;
    const common = { dag, cancel, seen, runsOfKey };
    if (runId === undefined) all.push({ ...common, run: undefined, events: [], logs: [] });
    else {
      const run = await client.run(runId, noSignal);
      const events = one.ended ? await eventsOf(client, runId) : seen;
      all.push({ ...common, run, events, logs: await logsOf(client, runId) });
    }
  }
  return all;
}

async function runsByName(client: HaversackClient): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let pageToken = ""; ; ) {
    const page = await client.runs({ pageSize, pageToken }, noSignal);
    for (const { dagName } of page.runs) counts.set(dagName, (counts.get(dagName) ?? 0) + 1);
    pageToken = page.nextPageToken;
    if (pageToken === "") return counts;
  }
}

async function eventsOf(client: HaversackClient, runId: RunId): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of client.watch(runId, 0, noSignal)) events.push(event);
  return events;
}

async function logsOf(client: HaversackClient, runId: RunId): Promise<LogPiece[]> {
  const pieces: LogPiece[] = [];
  for await (const piece of client.logs({ runId, follow: false }, noSignal)) pieces.push(piece);
  return pieces;
}
