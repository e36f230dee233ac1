/** Deployments as they are asked for: by name, by worker, by time, by step. */

/** By name, after a given one. Names under which nothing stands are left out, unless a step is at work. */
export const deploymentsPage = {
  sqlite: `select deployment.name, deployment.body, worker.name as worker_name, worker.last_seen_at from deployment
           left join worker on worker.id = coalesce(deployment.worker_id, deployment.abandoned_on)
           where deployment.name > ?1 and (deployment.state <> 'absent' or deployment.worker_id is not null)
           order by deployment.name limit ?2`,
} as const;

export const deploymentNamed = {
  sqlite: `select deployment.name, deployment.body, worker.name as worker_name, worker.last_seen_at from deployment
           left join worker on worker.id = coalesce(deployment.worker_id, deployment.abandoned_on)
           where deployment.name = ?1`,
} as const;

export const deploymentsDue = {
  sqlite: `select name, body from deployment where due_at <= ?1 order by due_at limit ?2`,
} as const;

export const deploymentsNextDue = {
  sqlite: `select min(due_at) as due from deployment where due_at is not null`,
} as const;

/** How much each worker has. */
export const deploymentCounts = {
  sqlite: `select worker_id, count(*) as count from deployment where worker_id is not null group by worker_id`,
} as const;

export const deploymentsOfWorker = {
  sqlite: `select name from deployment where worker_id = ?1 union select name from deployment where abandoned_on = ?1`,
} as const;

/** Of these names (JSON), those that a step deploys, or is about to. */
export const deploymentsAsked = {
  sqlite: `select distinct queue.deployment as name from queue join step on step.queue = queue.no
           where queue.deployment in (select value from json_each(?1))
             and step.gated = 1 and step.phase in ('ready', 'leased', 'running')`,
  postgres: `select distinct queue.deployment as name from queue join step on step.queue = queue.no
             where queue.deployment in (select value from json_array_elements_text($1::json) as value)
               and step.gated = 1 and step.phase in ('ready', 'leased', 'running')`,
} as const;

/** What these steps deploy. */
export const deploymentsOfSteps = {
  sqlite: `select step.run, step.idx, queue.deployment as name from step join queue on queue.no = step.queue
           where step.run = ?1 and step.idx = ?2 and queue.deployment is not null`,
  postgres: `select step.run, step.idx, queue.deployment as name from unnest($1::bigint[], $2::integer[]) as k (run, idx)
             join step on step.run = k.run and step.idx = k.idx join queue on queue.no = step.queue
             where queue.deployment is not null`,
} as const;

export const runKeyGet = { sqlite: `select idempotency_key from run where no = ?1` } as const;
