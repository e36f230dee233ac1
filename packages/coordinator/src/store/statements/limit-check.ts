/** What verbs leave true of queues, keys and pools: each statement finds the rows of which it is not, as `fault`. */

const most = `limit 100`;

export const queuesWrong = {
  sqlite: `select 'run ' || run.id || ', step ' || step.step_id || ' stands in queue ' || step.queue ||
                  case when queue.no is null then ', which is not there'
                       else ', and does not say rightly whether that has limits' end as fault
           from step join run on run.no = step.run left join queue on queue.no = step.queue
           where run.forgotten = 0
             and (queue.no is null or step.gated <> case when queue.limits = '[]' then 0 else 1 end) ${most}`,
} as const;

/** A pool may have been made smaller; the limit of a key is part of its steps. */
export const keysExceeded = {
  sqlite: `select shared_limit.kind || ' ' || shared_limit.name || ': ' || count(*) || ' steps are in flight, at most ' ||
                  max(queue_limit.at_most) as fault
           from shared_limit join queue_limit on queue_limit.shared_limit = shared_limit.no
           join step on step.queue = queue_limit.queue and step.gated = 1
           where shared_limit.kind in ('key', 'deployment') and step.phase in ('leased', 'running')
           group by shared_limit.no, shared_limit.kind, shared_limit.name having count(*) > max(queue_limit.at_most) ${most}`,
} as const;

export const runsExceeded = {
  sqlite: `select 'key ' || shared_limit.name || ': ' || count(*) || ' runs are under way, at most ' ||
                  max(run.key_limit) as fault
           from run join shared_limit on shared_limit.no = run.run_key
           where run.held = 0 and run.status in ('queued', 'running')
           group by shared_limit.no, shared_limit.name having count(*) > max(run.key_limit) ${most}`,
} as const;
