/** DAGs that are kept by name. Their schedules come and go with them, in one transaction. */

import {
  type Digest,
  type DotenvTexts,
  parseDigest,
  type ScheduleSpec,
  type StoredDag,
  type StoredDagInfo,
} from "@haversack/protocol";
import { noDag } from "../missing.ts";
import { integer, json, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import { scheduleList, schedulePut } from "../statements/schedule.ts";
import {
  schedulesDelete,
  storedDagDelete,
  storedDagGet,
  storedDagList,
  storedDagPut,
  ticksDelete,
} from "../statements/stored-dag.ts";
import type { VerbContext } from "../verb.ts";

export interface DagToStore {
  readonly name: string;
  /** Of the source, and of the files that came along. */
  readonly digest: Digest;
  readonly source: string;
  readonly dotenv: DotenvTexts;
  readonly fileName: string;
  readonly schedules: readonly ScheduleSpec[];
  readonly now: number;
}

/** A schedule that is new, or another one by now, counts from this moment on; one that is the same goes on. */
export async function dagPut({ tx }: VerbContext, dag: DagToStore): Promise<{ changed: boolean }> {
  const { name, digest, source, dotenv, fileName, schedules, now } = dag;
  const before = await tx.one(storedDagGet, name);
  if (before !== undefined && text(before, "digest") === digest) return { changed: false };
  const files = JSON.stringify(dotenv);
  await tx.run(storedDagPut, name, digest, source, fileName, JSON.stringify(schedules), now, files);
  await tx.run(ticksDelete, name, schedules.length);
  await tx.run(schedulesDelete, name, schedules.length);
  const known = (await tx.all(scheduleList, name)).map((row) => text(row, "spec"));
  for (const [index, schedule] of schedules.entries()) {
    const spec = JSON.stringify(schedule);
    if (known[index] !== spec) await tx.run(schedulePut, name, index, spec, now);
  }
  return { changed: true };
}

export async function dagDelete({ tx }: VerbContext, { name }: { readonly name: string }): Promise<void> {
  await tx.run(ticksDelete, name, 0);
  await tx.run(schedulesDelete, name, 0);
  if ((await tx.run(storedDagDelete, name)) === 0) throw noDag(name);
}

/** With the texts of its dotenv files, which leave the coordinator in runs only. */
export async function dagRead(
  { tx }: VerbContext,
  { name }: { readonly name: string },
): Promise<StoredDag & { readonly dotenv: DotenvTexts }> {
  const row = await tx.one(storedDagGet, name);
  if (row === undefined) throw noDag(name);
  return { ...infoOfRow(row), source: text(row, "source"), dotenv: json<DotenvTexts>(row, "dotenv") };
}

export async function dagsList({ tx }: VerbContext): Promise<StoredDagInfo[]> {
  return (await tx.all(storedDagList)).map(infoOfRow);
}

function infoOfRow(row: Row): StoredDagInfo {
  return {
    name: text(row, "name"),
    digest: parseDigest(text(row, "digest")),
    fileName: text(row, "file_name"),
    putAt: integer(row, "put_at"),
    schedules: json<readonly unknown[]>(row, "schedules").length,
  };
}
