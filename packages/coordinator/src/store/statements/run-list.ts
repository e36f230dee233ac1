/**
 * Lists of runs: newest first by the time of submission, then by number. A page looks at a window of the index that suits
 * the filter, and of the runs in it at those that the rest of the filter lets pass: what it costs is bounded, however few
 * match.
 *
 * `?1` first moment; `?2` and `?3` the moment and the number that come after the first run; `?4` runs in the window.
 * Of a page: `?5` status, `?6` name of a DAG, `?7` what started it, `?8` the run that it repeats, empty for any; `?9`
 * labels as JSON; `?10` runs in the page; `?11` 1: only runs that no other run started. What the window is of comes last.
 */

import type { Statement } from "../statement.ts";

export interface RunWindow {
  /** The runs of the window that match. */
  readonly page: Statement;
  /** The last run of the window, and how many are in it. */
  readonly end: Statement;
}

interface Driver {
  readonly from: string;
  /** The column with the number of the run. */
  readonly no: string;
  /** @param first the number of its first parameter */
  readonly where: (first: number) => string;
}

const windowOf = ({ from, no, where }: Driver, first: number): string =>
  `select ${no} as no, created_at from ${from}
             where ${where(first)}created_at >= ?1 and created_at <= ?2 and (created_at < ?2 or ${no} < ?3)
             order by created_at desc, ${no} desc limit ?4`;

const matches = `run.forgotten = 0 and (?5 = '' or run.status = ?5) and (?6 = '' or run.dag_name = ?6)
             and (?7 = '' or coalesce(run.trigger_kind, case when run.parent_id is not null then 'child'
                                                         when run.retry_of is null then 'manual' else 'retry' end) = ?7)
             and (?8 = '' or run.retry_of = ?8) and (?11 = 0 or run.parent_id is null)`;

/** None of the labels is missing. */
const hasLabels = (asked: string): string =>
  `not exists (select 1 from ${asked} as asked where not exists (select 1 from run_label as own
               where own.run = run.no and own.name = asked.key and own.value = asked.value))`;

function runWindow(driver: Driver): RunWindow {
  const page = (
    asked: string,
  ): string => `select run.* from (${windowOf(driver, 12)}) as seen join run on run.no = seen.no
           where ${matches} and ${hasLabels(asked)}
           order by seen.created_at desc, seen.no desc limit ?10`;
  const end = `select created_at, no, count(*) over () as count from (${windowOf(driver, 5)}) as seen
           order by created_at, no limit 1`;
  const numbered = (text: string): string => text.replaceAll(/\?(\d+)/g, "$$$1");
  return {
    page: { sqlite: page("json_each(?9)"), postgres: numbered(page("json_each_text(?9::json)")) },
    end: { sqlite: end },
  };
}

const inRun = { from: "run", no: "no" } as const;

export const runWindows = {
  all: runWindow({ ...inRun, where: () => "" }),
  status: runWindow({ ...inRun, where: (first) => `status = ?${first} and ` }),
  dag: runWindow({ ...inRun, where: (first) => `dag_name = ?${first} and ` }),
  retryOf: runWindow({ ...inRun, where: (first) => `retry_of = ?${first} and ` }),
  label: runWindow({
    from: "run_label",
    no: "run",
    where: (first) => `name = ?${first} and value = ?${first + 1} and `,
  }),
} as const;
