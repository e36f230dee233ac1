/** What verbs leave true of runs, steps and attempts: each statement finds the rows of which it is not, as `fault`. */

const live = `('leased', 'running')`;
const ended = `('succeeded', 'failed', 'cancelled', 'blocked', 'skipped')`;
const most = `limit 100`;

/** What is being forgotten is deleted piece by piece. */
const kept = `run.forgotten = 0`;

export const runsKnown = { sqlite: `select id, forgotten from run` } as const;

export const acceptedTwice = {
  sqlite: `select 'run ' || run_id || ', step ' || idx || ': ' || count(*) || ' attempts were accepted' as fault
           from attempt where phase = 'succeeded' group by run_id, idx having count(*) > 1 ${most}`,
} as const;

export const acceptedWrongly = {
  sqlite: `select 'run ' || step.run_id || ', step ' || step.step_id || ' succeeded, its attempt ' || step.attempt || ' did not'
                    as fault
           from step join run on run.id = step.run_id
           where ${kept} and step.phase = 'succeeded' and step.attempt > 0
             and not exists (select 1 from attempt a where a.run_id = step.run_id and a.idx = step.idx
                               and a.attempt = step.attempt and a.phase = 'succeeded') ${most}`,
} as const;

export const liveWrongly = {
  sqlite: `select 'run ' || step.run_id || ', step ' || step.step_id || ' is ' || step.phase || ', its attempts are not' as fault
           from step join run on run.id = step.run_id
           where ${kept} and (case when step.phase in ${live} then 1 else 0 end)
                   <> (select count(*) from attempt a where a.run_id = step.run_id and a.idx = step.idx
                         and a.phase in ${live} and (a.attempt = step.attempt or step.phase not in ${live})) ${most}`,
} as const;

/** Handlers are counted once the steps have ended. */
export const countersWrong = {
  sqlite: `select 'run ' || run.id || ' counts ' || run.unfinished || ' steps that have not ended, there are ' || left_over.n
                    as fault
           from run join (select run.id, count(step.idx) filter (where
                                  case when run.outcome is null then step.handler is null
                                       else step.handler is not null and step.phase <> 'waiting' end) as n
                          from run left join step on step.run_id = run.id and step.phase not in ${ended}
                          group by run.id) as left_over on left_over.id = run.id
           where ${kept} and run.unfinished <> left_over.n ${most}`,
} as const;

export const endedWrongly = {
  sqlite: `select 'run ' || run.id || ' is ' || run.status || ' and has ' || count(step.idx) || ' steps that have not ended' as fault
           from run join step on step.run_id = run.id
           where ${kept} and run.status in ('succeeded', 'failed', 'cancelled') and step.phase not in ${ended}
           group by run.id, run.status ${most}`,
} as const;

export const endlessly = {
  sqlite: `select 'run ' || run.id || ' is ' || run.status || ' and none of its steps can go on' as fault
           from run
           where ${kept} and run.status in ('queued', 'running')
             and not exists (select 1 from step where step.run_id = run.id and step.phase in ('ready', 'leased', 'running')) ${most}`,
} as const;

export const eventsWrong = {
  sqlite: `select 'run ' || run.id || ' told ' || run.event_seq || ' events, there are ' || told.n || ', from '
                    || told.first || ' to ' || told.last as fault
           from run join (select run.id, count(event.seq) as n, coalesce(min(event.seq), 0) as first,
                                 coalesce(max(event.seq), 0) as last
                          from run left join event on event.run_id = run.id group by run.id) as told on told.id = run.id
           where ${kept} and (told.n <> run.event_seq or told.last <> run.event_seq
                              or told.first <> (case when told.n > 0 then 1 else 0 end)) ${most}`,
} as const;

export const packsMissing = {
  sqlite: `select 'run ' || step.run_id || ', step ' || step.step_id || ': there is no snapshot ' || named.digest as fault
           from (select run_id, idx, pin_digest as digest from step where pin_digest is not null
                 union select run_id, idx, snapshot_digest from step where snapshot_digest is not null) as named
           join step on step.run_id = named.run_id and step.idx = named.idx
           join run on run.id = step.run_id
           where ${kept} and not exists (select 1 from snapshot where snapshot.digest = named.digest) ${most}`,
} as const;

/** Runs that go on, after a given one. */
export const runsGoingOn = {
  sqlite: `select id, dag_digest from run where ${kept} and status in ('queued', 'running') and id > ?1 order by id limit ?2`,
} as const;

export const stepsToCheck = {
  sqlite: `select idx, step_id, phase, waiting_for from step where run_id = ?1 and handler is null order by idx`,
} as const;
