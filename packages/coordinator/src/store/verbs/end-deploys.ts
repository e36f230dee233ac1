/** What ends of attempts make of the deployments that they were at, in the transaction that ends them. */

import { applyReport, type DeployEnd } from "../../runs/deployment-report.ts";
import type { DeploymentRow } from "../../runs/deployment-row.ts";
import { integer, text } from "../rows.ts";
import { deploymentsOfSteps } from "../statements/deployment-look.ts";
import type { VerbContext } from "../verb.ts";
import { type Ending, failureOf } from "./attempt-end-rows.ts";
import { holdDeployments, saveDeployment } from "./deployment-rows.ts";

export async function endDeploys(
  context: VerbContext,
  endings: readonly Ending[],
  now: number,
): Promise<void> {
  // What deploys shares the name of its deployment, and so has limits.
  const gated = endings.filter(({ attempt }) => attempt.gated);
  if (gated.length === 0) return;
  const places = gated.map(({ attempt: { run, index } }) => [run.no, index]);
  const names = new Map(
    (await context.tx.each(deploymentsOfSteps, places)).map((row) => [
      `${integer(row, "run")}/${integer(row, "idx")}`,
      text(row, "name"),
    ]),
  );
  if (names.size === 0) return;
  const rows = await holdDeployments(context, names.values());
  const changed = new Map<string, DeploymentRow>();
  for (const ending of gated) {
    const name = names.get(`${ending.attempt.run.no}/${ending.attempt.index}`);
    const row = name === undefined ? undefined : (changed.get(name) ?? rows.get(name));
    if (row === undefined) continue;
    const after = applyReport(row, deployEnd(ending, now));
    if (after !== row) changed.set(row.name, after);
  }
  for (const [name, row] of changed) await saveDeployment(context, row, { before: rows.get(name), now });
}

function deployEnd({ attempt, ending, move, result }: Ending, now: number): DeployEnd {
  const failure = result?.failure ?? failureOf(move);
  const report = result?.deployment;
  return {
    ref: attempt.ref,
    ending,
    now,
    ...(report === undefined ? {} : { report }),
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}
