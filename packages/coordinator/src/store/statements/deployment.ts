/** Deployments: one row for each name. Whoever changes one holds its row; several in the order of their names. */

const columns = `deployment.name, deployment.body`;

const deploymentsByName = {
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

export const deploymentInsert = {
  sqlite: `insert into deployment (name, state, worker_id, abandoned_on, due_at, snapshot_digest, body, changed_at)
           values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
} as const;

export const deploymentUpdate = {
  sqlite: `update deployment set state = ?2, worker_id = ?3, abandoned_on = ?4, due_at = ?5, snapshot_digest = ?6, body = ?7,
                  changed_at = ?8
           where name = ?1`,
} as const;

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
