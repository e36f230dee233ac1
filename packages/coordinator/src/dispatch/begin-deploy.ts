/** The deploy of a claimed step: compared with what stands, given its revision, and made a task. */

import { FaultError } from "@haversack/base";
import type { DeploySpec, DeployWork, SnapshotDescriptor } from "@haversack/protocol";
import { secretsOfPack } from "../secrets/pack-secrets.ts";
import type { Store } from "../store/store.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { Claimed } from "../store/verbs/step-verbs.ts";
import { deployContent, deployWork, type ImageContent, specDigest } from "./deploy-work.ts";

export interface DeployParts {
  readonly store: { readonly write: Pick<Store["write"], "deploymentBegin"> };
  readonly now: () => number;
  /** What this fleet calls itself on engines that it shares with others. */
  readonly cluster: () => Promise<string>;
  /** Asked for each deploy anew. */
  readonly image: () => ImageContent;
  /** Versions of secrets of the vault; one that is not there is left out. */
  readonly secretVersions: (names: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}

/** What stands under the name stands on another worker: the step has not begun, and goes there. */
export const elsewhere = "deployment_elsewhere";

/** Rejects with FaultError when there can be no such task. */
export async function beginDeploy(
  claimed: Claimed,
  work: DeploySpec,
  pack: { readonly stored: StoredPack | undefined; readonly descriptor: SnapshotDescriptor | undefined },
  parts: DeployParts,
): Promise<DeployWork> {
  const { runId, stepId, attempt, generation, workerId } = claimed;
  const content = deployContent(claimed, work);
  const image = parts.image();
  const ofStep = (content.secrets ?? []).flatMap(({ from }) => ("secret" in from ? [from.secret] : []));
  const names = [...new Set([...ofStep, ...secretsOfPack(pack.stored?.secrets ?? [])])];
  const versions = names.length === 0 ? new Map<string, number>() : await parts.secretVersions(names);
  const isAbsent = work.state === "absent";
  const given = await parts.store.write.deploymentBegin({
    name: content.deploy.name,
    ref: { runId, stepId, attempt, generation },
    workerId,
    now: parts.now(),
    ...(isAbsent ? {} : { target: { spec: specDigest(content, image, versions), content } }),
  });
  switch (given.kind) {
    case "begun":
      break;
    case "elsewhere":
      throw new FaultError("conflict", elsewhere, `${content.deploy.name} stands on another worker`);
    case "gone":
      throw new FaultError(
        "conflict",
        "nothing_to_restore",
        `${content.deploy.name} does not stand any more`,
      );
    case "unplaced": {
      const message = "its run was submitted to a version that could not deploy; submit it again";
      throw new FaultError("conflict", "deploy_not_available", message);
    }
    case "over":
      throw new FaultError("fenced", "not_live", "the attempt is not live any more");
  }
  const cluster = await parts.cluster();
  const { descriptor: snapshot } = pack;
  return deployWork({ content, given, cluster, image, ...(snapshot === undefined ? {} : { snapshot }) });
}
