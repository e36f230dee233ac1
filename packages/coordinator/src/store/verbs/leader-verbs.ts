/**
 * Who leads the coordinators of one database. The lease of a leader says who may begin; the term says who may go on: what
 * is written as leader carries the term, and is refused once another one has begun. So a leader that was frozen past
 * its lease changes nothing when it wakes, whatever its clock tells it.
 */

import { FaultError } from "@haversack/base";
import { integer, text } from "../rows.ts";
import {
  blobFolderGet,
  leaderYield as giveBack,
  leaderTerm,
  blobFolderName as name,
  leaderTake as take,
} from "../statements/leader.ts";
import type { Verb, VerbContext } from "../verb.ts";

export interface Candidacy {
  /** An id that the coordinator has from its start to its end. */
  readonly holder: string;
  /** On the clock that leases are counted on. */
  readonly now: number;
  readonly leaseUntil: number;
}

/** Becomes or stays the leader. @returns the term; undefined: somebody else leads */
export async function leaderTake({ tx }: VerbContext, candidacy: Candidacy): Promise<number | undefined> {
  const { holder, now, leaseUntil } = candidacy;
  const row = await tx.one(take, holder, now, leaseUntil);
  return row === undefined ? undefined : integer(row, "term");
}

/** Lets the next one begin at once. */
export async function leaderYield({ tx }: VerbContext, { holder }: { holder: string }): Promise<void> {
  await tx.run(giveBack, holder);
}

/** As whom something is written. */
export interface Lead {
  /** Absent: not as a leader, or as the only coordinator there is. */
  readonly term?: number;
}

/** The verb, refused with FaultError `fenced` under a term that is over. */
export function ofLeader<Args, Result>(verb: Verb<Args, Result>): Verb<Args & Lead, Result> {
  return async (context, args) => {
    if (args.term !== undefined) await requireTerm(context, args.term);
    return await verb(context, args);
  };
}

async function requireTerm({ tx }: VerbContext, term: number): Promise<void> {
  const row = await tx.one(leaderTerm);
  if (row !== undefined && integer(row, "term") === term) return;
  const message = `term ${term} is over: another coordinator leads`;
  throw new FaultError("fenced", "term_over", message);
}

/** Names the shared folder of artifacts, unless it has a name. @returns its name */
export async function blobFolderName({ tx }: VerbContext, { id }: { id: string }): Promise<string> {
  await tx.run(name, id);
  const row = await tx.one(blobFolderGet);
  return row === undefined ? id : text(row, "id");
}

export async function blobFolder({ tx }: VerbContext): Promise<string | undefined> {
  const row = await tx.one(blobFolderGet);
  return row === undefined ? undefined : text(row, "id");
}
