/** A run with all its steps: more of them than an answer holds are told in several. */

import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { RunDetail } from "./model/run.ts";
import type { RunService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { runFromWire, stepFromWire, type WireRun } from "./wire/run-wire.ts";

/** @param wire what an answer told of it */
export async function wholeRun(
  client: Client<typeof RunService>,
  wire: WireRun | undefined,
  signal: AbortSignal,
): Promise<RunDetail> {
  const { stepCount = 0, ...run } = runFromWire(required(wire, "run"));
  const steps = [...run.steps];
  while (steps.length < stepCount) {
    const request = { runId: run.id, from: steps.length };
    const more = (await once(client.listSteps(request, { signal }), signal)).steps;
    if (more.length === 0) break;
    for (const step of more) steps.push(stepFromWire(step));
  }
  return { ...run, steps };
}
