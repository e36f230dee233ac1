/** Steps that have not started. A ready one that no worker takes is about to, unless something is in its way. */

import { itsDeployment, queueColumns } from "./queue-columns.ts";

const columns = `idx, phase, kind, not_before, queue, gated`;

export const stepsWaiting = {
  sqlite: `select ${columns} from step
           where run = ?1 and (phase = 'waiting' or phase = 'ready' and (kind <> 'dag' or paused = 1 or not_before > 0)) order by idx limit ?2`,
} as const;

export const stepPlaces = { sqlite: `select ${columns} from step where run = ?1 and idx = ?2` } as const;

export const queueGet = {
  sqlite: `select ${queueColumns} from queue ${itsDeployment} where queue.no = ?1`,
  postgres: `select ${queueColumns} from queue ${itsDeployment} where queue.no = any($1::bigint[])`,
} as const;
