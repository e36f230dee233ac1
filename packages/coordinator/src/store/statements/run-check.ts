/** What verbs leave true of runs, steps and attempts: each statement finds the rows of which it is not, as `fault`. */

import { aStep, ended, kept, live, most, withItems } from "./check-parts.ts";

export const runsKnown = { sqlite: `select id, forgotten from run` } as const;

export const acceptedTwice = {
  sqlite: `select ${aStep} || ': ' || count(*) || ' attempts were accepted' as fault
           from attempt join step on step.run = attempt.run and step.idx = attempt.idx join run on run.no = step.run
           where attempt.phase = 'succeeded' group by run.id, step.step_id having count(*) > 1 ${most}`,
} as const;

export const acceptedWrongly = {
  sqlite: `select ${aStep} || ' succeeded, its attempt ' || step.attempt || ' did not' as fault
           from step join run on run.no = step.run
           where ${kept} and step.phase = 'succeeded' and step.attempt > 0
             and not exists (select 1 from attempt a where a.run = step.run and a.idx = step.idx
                               and a.attempt = step.attempt and a.phase = 'succeeded')
           union all
           select ${aStep} || ' is ' || step.phase || ', its attempt ' || a.attempt || ' was accepted'
           from attempt a join step on step.run = a.run and step.idx = a.idx join run on run.no = step.run
           where ${kept} and a.phase = 'succeeded' and step.phase <> 'succeeded' ${most}`,
} as const;

/** The live attempt is in the row of its step, and all before it are rows of their own. */
export const attemptsWrong = {
  sqlite: `select ${aStep} || ' is ' || step.phase || ' at attempt ' || step.attempt || ', and ' || past.n || ' have ended' as fault
           from step join run on run.no = step.run
           join (select step.run, step.idx, count(a.attempt) as n, coalesce(max(a.attempt), 0) as newest
                 from step left join attempt a on a.run = step.run and a.idx = step.idx
                 group by step.run, step.idx) as past on past.run = step.run and past.idx = step.idx
           where ${kept} and (past.n <> past.newest
                              or past.n <> step.attempt - case when step.phase in ${live} and not ${withItems} then 1 else 0 end)
           ${most}`,
} as const;

export const leasesWrong = {
  sqlite: `select ${aStep} || ' is ' || step.phase || ', and nobody has the lease' as fault
           from step join run on run.no = step.run
           where ${kept} and step.phase in ${live}
             and (step.worker_id is null or step.generation is null or step.lease_until is null) and step.kind <> 'dag'
             and not ${withItems} ${most}`,
} as const;

/** Handlers are counted once the steps have ended. */
export const countersWrong = {
  sqlite: `select 'run ' || run.id || ' counts ' || run.unfinished || ' steps that have not ended, there are ' || left_over.n
                    as fault
           from run join (select run.no, count(step.idx) filter (where
                                  case when run.outcome is null then step.handler is null
                                       else step.handler is not null and step.phase <> 'waiting' end) as n
                          from run left join step on step.run = run.no and step.item is null and step.phase not in ${ended}
                          group by run.no, run.outcome) as left_over on left_over.no = run.no
           where ${kept} and run.unfinished <> left_over.n ${most}`,
} as const;

export const endedWrongly = {
  sqlite: `select 'run ' || run.id || ' is ' || run.status || ' and has ' || count(step.idx) || ' steps that have not ended' as fault
           from run join step on step.run = run.no
           where ${kept} and run.status in ('succeeded', 'failed', 'cancelled') and step.phase not in ${ended}
           group by run.id, run.status ${most}`,
} as const;

export const stuck = {
  sqlite: `select 'run ' || run.id || ' is ' || run.status || ' and none of its steps can go on' as fault
           from run
           where ${kept} and run.status in ('queued', 'running') and run.held = 0
             and not exists (select 1 from step where step.run = run.no and step.phase in ('ready', 'leased', 'running', 'suspended')
                               and not ${withItems}) ${most}`,
} as const;

/** @param length of the list in a row @param zero of the type of a number of events */
const events = (length: string, zero: string) => `
           select 'run ' || run.id || ' told ' || run.event_seq || ' events; there are ' || told.n || ', up to ' || told.newest
                    || ', with ' || told.breaks || ' breaks' as fault
           from run join (select run.no, coalesce(sum(piece.n), 0) as n, coalesce(max(piece.seq), 0) as newest,
                                 coalesce(sum(case when piece.seq - piece.n <> piece.earlier then 1 else 0 end), 0) as breaks
                          from run left join (select event.run, event.seq, ${length} as n,
                                                     lag(event.seq, 1, ${zero}) over (partition by event.run order by event.seq) as earlier
                                              from event) as piece on piece.run = run.no
                          group by run.no) as told on told.no = run.no
           where ${kept} and (told.n <> run.event_seq or told.newest <> run.event_seq or told.breaks > 0) ${most}`;

export const eventsWrong = {
  sqlite: events(`json_array_length(event.changes)`, `0`),
  postgres: events(`json_array_length(event.changes::json)`, `0::bigint`),
} as const;

export const packsMissing = {
  sqlite: `select ${aStep} || ': there is no snapshot ' || named.digest as fault
           from (select run, idx, pin_digest as digest from step where pin_digest is not null
                 union select run, idx, snapshot_digest from step where snapshot_digest is not null) as named
           join step on step.run = named.run and step.idx = named.idx
           join run on run.no = step.run
           where ${kept} and not exists (select 1 from snapshot where snapshot.digest = named.digest) ${most}`,
} as const;

/** Runs that go on, after a given one. */
export const runsGoingOn = {
  sqlite: `select no, id, dag_digest from run
           where ${kept} and status in ('queued', 'running') and id > ?1 order by id limit ?2`,
} as const;

export const stepsToCheck = {
  sqlite: `select idx, step_id, phase, waiting_for from step where run = ?1 and handler is null and item is null
           order by idx`,
} as const;
