/** Deployments: one row for each name. Whoever changes one holds its row; several in the order of their names. */

const columns = `deployment.name, deployment.body`;

export const deploymentsByName = {
  sqlite: `select ${columns} from deployment where name in (select value from json_each(?1)) order by name`,
  postgres: `select ${columns} from deployment where name in (select value from json_array_elements_text($1::json) as value)
             order by name`,
} as const;

/** As they are when whoever held them is done. */
export const deploymentsHold = {
  // There is one writer.
  sqlite: deploymentsByName.sqlite,
  postgres: `${deploymentsByName.postgres} for no key update`,
} as const;

export const deploymentsOfWorker = {
  sqlite: `select name from deployment where worker_id = ?1 union select name from deployment where abandoned_on = ?1`,
} as const;

export const deploymentInsert = {
  sqlite: `insert into deployment (name, state, worker_id, abandoned_on, due_at, snapshot_digest, body, changed_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
} as const;

export const deploymentUpdate = {
  sqlite: `update deployment set state = ?2, worker_id = ?3, abandoned_on = ?4, due_at = ?5, snapshot_digest = ?6, body = ?7,
                  changed_at = ?8
           where name = ?1`,
} as const;

/** By name, after a given one. Names under which nothing stands are left out, unless a step is at work. */
export const deploymentsPage = {
  sqlite: `select ${columns}, worker.name as worker_name, worker.last_seen_at from deployment
           left join worker on worker.id = coalesce(deployment.worker_id, deployment.abandoned_on)
           where deployment.name > ?1 and (deployment.state <> 'absent' or deployment.worker_id is not null)
           order by deployment.name limit ?2`,
} as const;

export const deploymentNamed = {
  sqlite: `select ${columns}, worker.name as worker_name, worker.last_seen_at from deployment
           left join worker on worker.id = coalesce(deployment.worker_id, deployment.abandoned_on)
           where deployment.name = ?1`,
} as const;

export const deploymentsDue = {
  sqlite: `select name, body from deployment where due_at <= ?1 order by due_at limit ?2`,
} as const;

export const deploymentsNextDue = { sqlite: `select min(due_at) as due from deployment` } as const;

/** How much each worker has. */
export const deploymentCounts = {
  sqlite: `select worker_id, count(*) as count from deployment where worker_id is not null group by worker_id`,
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

/** Names that were used once, long ago. */
export const deploymentsForget = {
  sqlite: `delete from deployment where name in
             (select name from deployment where state = 'absent' and worker_id is null and abandoned_on is null
                and changed_at < ?1 limit ?2)`,
  // One that somebody holds at this moment is forgotten the next time.
  postgres: `delete from deployment where name in
               (select name from deployment where state = 'absent' and worker_id is null and abandoned_on is null
                  and changed_at < $1 limit $2 for update skip locked)`,
} as const;

/** The first one stays. */
export const fleetNameInsert = {
  sqlite: `insert into fleet_name (one, name) values (1, ?1) on conflict (one) do nothing`,
} as const;

export const fleetNameGet = { sqlite: `select name from fleet_name` } as const;
