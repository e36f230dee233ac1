/** Logs whose run is not there. For copies only: the logs lie in a file of their own. */

export const logsAttachRuns = { sqlite: `attach database ?1 as runs` } as const;
export const logsDetachRuns = { sqlite: `detach database runs` } as const;

export const logsOfNoRun = [
  { sqlite: `delete from log_stream where run_id not in (select id from runs.run)` },
  { sqlite: `delete from log_chunk where run_id not in (select id from runs.run)` },
] as const;
