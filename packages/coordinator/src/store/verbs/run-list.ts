/** Lists of runs, page by page. A run that is there from the first page to the last is on exactly one of them. */

import type { Run, RunFilter } from "@haversack/protocol";
import { integer } from "../rows.ts";
import type { Row, SqlValue } from "../statement.ts";
import { type RunWindow, runWindows } from "../statements/run-list.ts";
import type { VerbContext } from "../verb.ts";
import { runOfRow } from "./run-verbs.ts";

/** Where a page ended: the time and the number of its last run. They never change, so neither does what comes after. */
export interface RunCursor {
  readonly at: number;
  readonly no: number;
}

export interface RunListQuery extends Omit<RunFilter, "pageSize" | "pageToken"> {
  readonly after?: RunCursor;
  readonly limit: number;
}

export interface RunList {
  readonly runs: readonly Run[];
  /** Absent: there are no more. */
  readonly next?: RunCursor;
}

/** Runs that one page looks at, so that nobody waits for a filter that few of a million runs pass. */
const inspectedMax = 2_000;
const last = Number.MAX_SAFE_INTEGER;

export async function runsList({ tx }: VerbContext, query: RunListQuery): Promise<RunList> {
  const { limit, labels = {} } = query;
  const { window, values } = windowFor(query);
  const inspected = Math.max(inspectedMax, limit + 1);
  const range = [...rangeOf(query), inspected];
  const filter = [query.status ?? "", query.dagName ?? "", query.trigger ?? "", query.retryOf ?? ""];
  const roots = Number(query.roots === true);
  const rows = await tx.all(
    window.page,
    ...range,
    ...filter,
    JSON.stringify(labels),
    limit + 1,
    roots,
    ...values,
  );
  const runs = rows.slice(0, limit).map(runOfRow);
  if (rows.length > limit) {
    const next = rows[limit - 1];
    return next === undefined ? { runs } : { runs, next: cursorOf(next) };
  }
  const end = await tx.one(window.end, ...range, ...values);
  if (end === undefined || integer(end, "count") < inspected) return { runs };
  return { runs, next: cursorOf(end) };
}

const cursorOf = (row: Row): RunCursor => ({ at: integer(row, "created_at"), no: integer(row, "no") });

/** First moment, and what the first run comes before. */
function rangeOf({ since = 0, until = last, after }: RunListQuery): SqlValue[] {
  const newest = until - 1;
  return after === undefined || after.at > newest ? [since, newest, last] : [since, after.at, after.no];
}

/** The index that leaves the fewest runs to look at. */
function windowFor({ retryOf, labels = {}, dagName, status }: RunListQuery): {
  readonly window: RunWindow;
  readonly values: readonly string[];
} {
  const [label] = Object.entries(labels);
  if (retryOf !== undefined) return { window: runWindows.retryOf, values: [retryOf] };
  if (label !== undefined) return { window: runWindows.label, values: label };
  if (dagName !== undefined) return { window: runWindows.dag, values: [dagName] };
  if (status !== undefined) return { window: runWindows.status, values: [status] };
  return { window: runWindows.all, values: [] };
}
