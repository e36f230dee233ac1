/** What a submission tells the store of its steps, and of those of the runs that it can start. */

import { allSteps, type DagSpec } from "@haversack/protocol";
import type { TemplateData } from "../runs/expression-value.ts";
import type { PinnedDagRow } from "../store/verbs/pinned-dags.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { PinnedDag, PinnedDags } from "./pin-dags.ts";
import { pinFields, stepSubmission } from "./step-submission.ts";

/** As the store keeps them with the run. */
function pinnedRows(children: readonly PinnedDag[]): PinnedDagRow[] {
  return children.map(({ key, digest, parsed, text, pins }) => ({
    key,
    dagDigest: digest,
    dag: parsed.spec,
    source: text,
    fileName: parsed.source.file,
    steps: allSteps(parsed.spec).flatMap(({ id }, index) => {
      const fields = pinFields(pins.get(id));
      return fields === undefined ? [] : [{ index, ...fields }];
    }),
  }));
}

/** As a submission tells them. */
export function submittedSteps(spec: DagSpec, pinned: PinnedDags, data: TemplateData) {
  const steps = allSteps(spec).map((step) => stepSubmission(step, pinFields(pinned.pins.get(step.id)), data));
  return { steps, packs: packsOf(pinned), pinned: pinnedRows(pinned.children) };
}

const packsOf = ({ pins, children }: PinnedDags): StoredPack[] =>
  [pins, ...children.map((child) => child.pins)].flatMap((each) =>
    [...each.values()].map(({ pack }) => pack),
  );
