/** Downloads of images at once, counted for the whole fleet. */

import { type Digest, parseDigest, parseWorkerId, type WorkerId } from "@haversack/protocol";
import { text } from "../rows.ts";
import * as sql from "../statements/image-permit.ts";
import type { VerbContext } from "../verb.ts";

export interface PermitKey {
  readonly workerId: WorkerId;
  readonly digest: Digest;
}

export interface PermitWish extends PermitKey {
  /** The download is under way, or was permitted. */
  readonly held: boolean;
  readonly askedAt: number;
}

export interface PermitRound {
  /** An id that the coordinator has from its start to its end. */
  readonly holder: string;
  /** Asked for, held or to be renewed by it. */
  readonly wishes: readonly PermitWish[];
  /** No longer asked for or held. */
  readonly freed: readonly PermitKey[];
  /** At once in the fleet. */
  readonly limit: number;
  /** On the clock that leases are counted on. */
  readonly now: number;
  /** When what is not renewed is free again. */
  readonly until: number;
}

/** Gives leave to whoever waits longest, of whatever coordinator. Safe twice. @returns what this one holds now */
export async function imagePermitsGive({ tx }: VerbContext, round: PermitRound): Promise<PermitKey[]> {
  const { holder, wishes, freed, limit, now, until } = round;
  await tx.all(sql.imagePermitLock);
  await tx.each(
    sql.imagePermitErase,
    freed.map(({ workerId, digest }) => [workerId, digest, holder]),
  );
  await tx.run(sql.imagePermitExpire, now);
  await tx.each(
    sql.imagePermitPut,
    wishes.map(({ workerId, digest, held, askedAt }) => [
      workerId,
      digest,
      holder,
      held ? 1 : 0,
      askedAt,
      until,
    ]),
  );
  await tx.run(sql.imagePermitGive, limit);
  return (await tx.all(sql.imagePermitList, holder)).map((row) => ({
    workerId: parseWorkerId(text(row, "worker_id")),
    digest: parseDigest(text(row, "digest")),
  }));
}
