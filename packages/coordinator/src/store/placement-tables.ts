/** Verbs of placement: queues, what bounds them, and what steps wait for. */

import { ofLeader } from "./verbs/leader-verbs.ts";
import { workerOrder } from "./verbs/order-verbs.ts";
import { poolDelete, poolSet, poolsList } from "./verbs/pool-verbs.ts";
import { queuesCollect } from "./verbs/queue-collect.ts";
import { queuesLook, stepsDueNow, stepsHead } from "./verbs/queue-verbs.ts";
import { readyCount, writeProbe } from "./verbs/readiness-verbs.ts";
import { runsAdmit } from "./verbs/run-key-verbs.ts";
import { stepsTake } from "./verbs/step-verbs.ts";
import { stepsWhy } from "./verbs/why-verbs.ts";
import { workerLeave, workerPlace, workersList } from "./verbs/worker-verbs.ts";

export const placementWrites = {
  queuesCollect: ofLeader(queuesCollect),
  stepsTake,
  stepsDueNow,
  runsAdmit,
  poolSet,
  poolDelete,
  workerOrder,
  workerLeave,
  writeProbe,
} as const;

export const placementReads = {
  queuesLook,
  stepsHead,
  stepsWhy,
  poolsList,
  workersList,
  workerPlace,
  readyCount,
} as const;
