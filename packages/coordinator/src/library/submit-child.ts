/** A `dag` step as the run that it is: its DAG, its parameters, and the packs of its agent steps. */

import { present, sortedJson } from "@haversack/base";
import type { RunId } from "@haversack/protocol";
import { settleParams } from "../dag/params.ts";
import { digestOfDag } from "../dag/parsed-dags.ts";
import type { Store } from "../store/store.ts";
import type { ChildAsked, ReadyChild } from "../store/verbs/child-ready.ts";
import type { ChildStart } from "../store/verbs/child-start.ts";
import type { Library } from "./library.ts";
import { pinDags } from "./pin-dags.ts";
import { type ReadDag, readDag, sha256, storedDags } from "./reached-dags.ts";
import { templateData } from "./step-submission.ts";
import { knownRun, labelsOf, submittedSteps } from "./submitted-steps.ts";

export interface ChildSubmitter {
  /** Rejects with ProblemsError or FaultError when there can be no such run. */
  readonly childRun: (ready: ReadyChild, id: RunId) => Promise<Pick<ChildStart, "child" | "pinned">>;
}

export function childSubmitter(store: Store, library: Library): ChildSubmitter {
  /** What the run is given was decided when the first of its family was submitted. */
  function known({ use, params, pinned }: ChildAsked, id: RunId) {
    if (pinned === undefined) return undefined;
    const { dag, dagDigest, fileName } = pinned;
    const settled = settleParams(dag, params, fileName || use);
    return { child: { ...knownRun(pinned, settled, id, fileName || use), dagDigest, packs: [] } };
  }

  /** Only now somebody knows its name: pinned here, with all that it can start itself. */
  async function deferred({ params }: ChildAsked, dag: ReadDag, id: RunId) {
    const { parsed, text } = dag;
    const settled = settleParams(parsed.spec, params, parsed.source.file);
    const pinned = await pinDags(dag, library, storedDags(store));
    const data = templateData(id, parsed.spec, settled);
    const { pinned: rows, ...made } = submittedSteps(parsed.spec, pinned, data);
    const labels = labelsOf(parsed.spec, data, parsed.source.file);
    const run = { id, dag: parsed.spec, params: settled, labels, ...made };
    return { child: { ...run, source: text, dagDigest: digestOfDag(parsed) }, pinned: rows };
  }

  async function find(
    { runId, dagName, localOf }: ReadyChild,
    { use, isLocal }: ChildAsked,
  ): Promise<ReadDag> {
    if (isLocal) {
      const { source } = await store.read.runSourceRead({ id: runId });
      return readDag(source, `${localOf ?? dagName}.yaml`, { local: use });
    }
    const { source, fileName, dotenv } = await store.read.dagRead({ name: use });
    return readDag(source, fileName, { dotenv });
  }

  return {
    async childRun(ready, id) {
      const { runId, index, attempt } = ready;
      const asked = present(ready.child, "what a `dag` step asks for");
      const made = known(asked, id) ?? (await deferred(asked, await find(ready, asked), id));
      const bodyDigest = sha256(sortedJson({ child: runId, index, attempt: attempt + 1 }));
      return { ...made, child: { ...made.child, bodyDigest } };
    },
  };
}
