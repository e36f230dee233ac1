/** Locks of PostgreSQL, and what became of a transaction. */

/** In one order everywhere, so that two transactions cannot wait for each other. */
export const runsLock = `select id from run where id = any($1::text[]) order by id for no key update`;

/** Whoever writes as leader: nobody becomes one meanwhile. */
export const leaderShare = `select one from leader for share`;

export const memoryLock = `select one from memory_writer for update`;

const packs = `hashtextextended('haversack packs ' || current_schema(), 0)`;

/** Whoever names packs or DAGs holds it together with others of their kind. */
export const packsShare = `select pg_advisory_xact_lock_shared(${packs})`;

/** Whoever deletes packs and DAGs that nobody names holds it alone. */
export const packsLock = `select pg_advisory_xact_lock(${packs})`;

export const schedulesLock = `select pg_advisory_xact_lock(hashtextextended('haversack schedules ' || current_schema(), 0))`;

export const runsOfWorker = `select distinct run.id from step join run on run.no = step.run
                             where worker_id = $1 and phase in ('leased', 'running')`;

export const runsWithLiveAttempts = `select distinct run.id from step join run on run.no = step.run
                                     where phase in ('leased', 'running')`;

/** Until the end of the transaction, in one order everywhere. */
export const logsLock = `select pg_advisory_xact_lock(key)
                         from (select distinct hashtextextended(id, 71) as key from unnest($1::text[]) as id
                               order by key) as keys`;

export const transactionId = `select pg_current_xact_id()::text as id`;

/** `committed`, `aborted`, `in progress`, or null when it was too long ago. */
export const transactionStatus = `select pg_xact_status($1::xid8) as status`;
