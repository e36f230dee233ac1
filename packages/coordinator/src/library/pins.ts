/** What each agent step of a DAG needs, as packs that could be built. */

import { present } from "@haversack/base";
import { allSteps, ProblemsError } from "@haversack/protocol";
import { buildPins, planSnapshots } from "@haversack/snapshot";
import type { ParsedDag } from "../dag/parse-dag.ts";
import { plannableDag } from "../dag/plannable-dag.ts";
import type { Library } from "./library.ts";
import { storedPack } from "./snapshots.ts";
import type { Pin } from "./step-submission.ts";

/** Rejects with ProblemsError. */
export async function pinsOf(parsed: ParsedDag, library: Library): Promise<ReadonlyMap<string, Pin>> {
  if (!allSteps(parsed.spec).some(({ work }) => work.kind === "agent")) return new Map();
  const { defaultModel } = library;
  const options = defaultModel === undefined ? {} : { defaultModel };
  const { plans, problems } = await planSnapshots(plannableDag(parsed), await library.read(), options);
  if (problems.length > 0) throw new ProblemsError(problems);
  const pins = buildPins(plans, library.limits);
  if (pins.problems.length > 0) throw new ProblemsError(pins.problems);
  return new Map(
    [...pins.packs].map(([stepId, pack]) => {
      const { memory } = present(plans.get(stepId), "the plan of a pack").config;
      return [stepId, { pack: storedPack(pack), memory }];
    }),
  );
}
