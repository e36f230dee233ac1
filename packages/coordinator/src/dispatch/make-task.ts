/** The task of a claimed step, with its pack and what it says of secrets. */

import { FaultError } from "@haversack/base";
import { batchBytesMax, inlinePackBytesMax, type SnapshotDescriptor, type Task } from "@haversack/protocol";
import type { Snapshots } from "../library/snapshots.ts";
import type { AttemptTokens } from "../secrets/attempt-tokens.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { Claimed } from "../store/verbs/step-verbs.ts";
import { beginDeploy, type DeployParts } from "./begin-deploy.ts";
import { buildTask, taskBytes } from "./build-task.ts";
import { taskSecrets } from "./task-secrets.ts";
import type { WorkerLink } from "./worker-link.ts";

export interface TaskParts {
  readonly snapshots: Snapshots;
  readonly attemptTokens: AttemptTokens;
  readonly deploys: DeployParts;
}

/** Rejects when there can be no such task: that is the end of its step, and of nothing else. */
export async function makeTask(
  claimed: Claimed,
  link: WorkerLink,
  { snapshots, attemptTokens, deploys }: TaskParts,
): Promise<Task> {
  const { snapshotDigest } = claimed;
  const stored = snapshotDigest === undefined ? undefined : await snapshots.read(snapshotDigest);
  const secrets = await taskSecrets(claimed, stored, attemptTokens);
  const pack = stored === undefined ? undefined : describe(stored, claimed, link);
  const { work } = claimed.spec;
  const given =
    work.kind === "deploy"
      ? { deploy: await beginDeploy(claimed, work, { stored, descriptor: pack }, deploys) }
      : { snapshot: pack };
  const task = buildTask(claimed, given, secrets);
  const bytes = taskBytes(task);
  if (bytes <= batchBytesMax) return task;
  const message = `the step's env and prompt have ${bytes} bytes with their values filled in, at most ${batchBytesMax}; pass large data as an artifact`;
  throw new FaultError("invalid", "task_too_large", message);
}

/** The bytes come along unless the worker said that it holds them, or they are too many for a message. */
function describe(pack: StoredPack, claimed: Claimed, link: WorkerLink): SnapshotDescriptor {
  const { digest, formatVersion, compressedSize, uncompressedSize, gzip } = pack;
  const descriptor = { digest, formatVersion, compressedSize, uncompressedSize };
  const held = link.snapshotsHeld.has(digest) && claimed.attempt === 1;
  if (held || gzip.length > inlinePackBytesMax) return descriptor;
  link.holds([digest]);
  return { ...descriptor, gzip: new Uint8Array(gzip) };
}
