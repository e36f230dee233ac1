/** What a live attempt may ask of the vault: the names that its step and its pack declare, and no others. */

import { type AttemptRef, parseWorkerId, stepAt, type WorkerId } from "@haversack/protocol";
import { secretsOfPack } from "../../secrets/pack-secrets.ts";
import { json, text, textOrNone } from "../rows.ts";
import { snapshotGet } from "../statements/snapshot.ts";
import type { VerbContext } from "../verb.ts";
import { liveAttempt } from "./attempt-verbs.ts";

export interface AttemptSecrets {
  /** Who holds the attempt. */
  readonly workerId: WorkerId;
  /** In the vault. */
  readonly names: readonly string[];
}

/** Undefined: the attempt is not live. */
export async function attemptSecrets(
  context: VerbContext,
  { ref }: { readonly ref: AttemptRef },
): Promise<AttemptSecrets | undefined> {
  const live = await liveAttempt(context, ref);
  if (live === undefined) return undefined;
  const { spec } = await context.dags.get(context.tx, live.place.run.dagDigest);
  const ofStep = stepAt(spec, live.place.index)?.secrets ?? [];
  const names = ofStep.flatMap(({ from }) => ("secret" in from ? [from.secret] : []));
  const digest = textOrNone(live.row, "snapshot_digest");
  const pack = digest === undefined ? undefined : await context.tx.one(snapshotGet, digest);
  if (pack !== undefined) names.push(...secretsOfPack(json<{ secrets: string[] }>(pack, "report").secrets));
  return { workerId: parseWorkerId(text(live.row, "worker_id")), names: [...new Set(names)] };
}
