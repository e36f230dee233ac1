/** What a submission tells the store of its steps, and of those of the runs that it can start. */

import { allSteps, type DagSpec, type JsonObject, type RunId, type RunLabels } from "@haversack/protocol";
import { settleLabels } from "../dag/run-labels.ts";
import type { TemplateData } from "../runs/expression-value.ts";
import type { PinnedDagRow } from "../store/verbs/pinned-dags.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { PinnedDag, PinnedDags } from "./pin-dags.ts";
import { pinFields, stepSubmission, templateData } from "./step-submission.ts";

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

/** A run of a DAG whose pins are known. @param id of the run */
export function knownRun(
  { dag, steps: pins }: { readonly dag: DagSpec; readonly steps: PinnedDagRow["steps"] },
  params: JsonObject,
  id: RunId,
  file: string,
) {
  const byIndex = new Map(pins.map(({ index, ...pin }) => [index, pin]));
  const data = templateData(id, dag, params);
  const steps = allSteps(dag).map((step, index) => stepSubmission(step, byIndex.get(index), data));
  return { id, dag, params, steps, labels: labelsOf(dag, data, file) };
}

/** What a child run is found by: nobody gives it more than its DAG does. */
export const labelsOf = (dag: DagSpec, data: TemplateData, file: string): RunLabels =>
  settleLabels(dag, {}, data, file);
