/** What a PostgreSQL server is and how a connection to it is set up; its clock, its notifications. */

/** One notification for each text. */
export const notifyAll = `select pg_notify($1, message) from unnest($2::text[]) as message`;

const presence = `hashtextextended('haversack presence ' || current_schema(), 0)`;
export const presenceAlone = `select pg_try_advisory_lock(${presence}) as alone`;
export const presenceShare = `select pg_advisory_lock_shared(${presence})`;
export const presenceAloneEnd = `select pg_advisory_unlock(${presence})`;

/** A copy that was put back elsewhere, and a standby that took over, are other clusters than before. */
export const clusterGet = `select (select system_identifier from pg_control_system()) || '/'
                               || (select timeline_id from pg_control_checkpoint()) as cluster`;

/** What the promises need of a server. */
export const serverGet = `select current_setting('server_version_num')::integer as version,
                                 current_setting('server_version') as version_name,
                                 current_setting('fsync') as fsync,
                                 current_setting('full_page_writes') as full_page_writes,
                                 current_setting('synchronous_commit') as synchronous_commit,
                                 current_setting('server_encoding') as encoding,
                                 current_schema() as schema,
                                 pg_is_in_recovery() as standby`;

/**
 * Nobody waits for ever, and a lost coordinator holds no lock for long. An answer means: on disk. Verbs look rows up by
 * their keys, some hundred at a time; whoever planned by the statistics of a queue would read it whole, for they are
 * those of a moment when it was empty, or full.
 */
export const sessionSetup = `set enable_hashjoin = off;
                             set enable_mergejoin = off;
                             set enable_seqscan = off;
                             set jit = off;
                             set statement_timeout = '10s';
                             set lock_timeout = '10s';
                             set idle_in_transaction_session_timeout = '10s';
                             set default_transaction_isolation = 'read committed';
                             set client_min_messages = 'warning'`;
