/** What a pause, or a question, leaves true: each statement finds the rows of which it is not, as `fault`. */

import { aStep, kept, most } from "./check-parts.ts";

/** Ready steps of a paused run carry its mark, and no others do. */
export const pausesWrong = {
  sqlite: `select ${aStep} || case when step.paused = 1 then ' is held up, and its run is not paused'
                                   else ' may start, and its run is paused' end as fault
           from step join run on run.no = step.run
           where ${kept} and step.phase = 'ready'
             and (step.paused = 1 and run.paused_at is null or step.paused = 0 and run.paused_at is not null)
           union all
           select 'run ' || run.id || ' is ' || run.status || ', and paused' from run
           where ${kept} and run.paused_at is not null and run.status not in ('queued', 'running') ${most}`,
} as const;

export const questionsWrong = {
  sqlite: `select ${aStep} || ' waits for an answer to no question' as fault from step join run on run.no = step.run
           where ${kept} and step.phase = 'suspended'
             and not exists (select 1 from approval where approval.run = step.run and approval.idx = step.idx and answer is null)
           ${most}`,
} as const;
