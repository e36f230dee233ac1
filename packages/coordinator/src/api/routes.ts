/** The services that this coordinator answers for, in one list. */

import type { ConnectRouter } from "@connectrpc/connect";
import {
  AccessService,
  apiMessageBytesMax,
  DagService,
  DeploymentService,
  EnrollmentService,
  FleetService,
  Health,
  ImageService,
  MemoryService,
  PlacementService,
  RunService,
  ScheduleService,
  SecretService,
  ServerReflection,
  SnapshotService,
  WorkerService,
} from "@haversack/protocol";
import type { Scheduler } from "../schedule/scheduler.ts";
import { dagService } from "./dag-service.ts";
import { fleetRoutes } from "./fleet-routes.ts";
import { type HealthServiceParts, healthService } from "./health-service.ts";
import { memoryService } from "./memory-service.ts";
import { reflectionService } from "./reflection-service.ts";
import { runService } from "./run-service.ts";
import { scheduleService } from "./schedule-service.ts";
import { snapshotService } from "./snapshot-service.ts";
import { type WorkerRouteParts, workerRoutes } from "./worker-routes.ts";

/** Each method of them declares who may call it. */
export const services = [
  RunService,
  DagService,
  ScheduleService,
  FleetService,
  PlacementService,
  DeploymentService,
  SnapshotService,
  MemoryService,
  SecretService,
  WorkerService,
  EnrollmentService,
  Health,
  ServerReflection,
  AccessService,
  ImageService,
];

type Parts = Parameters<typeof runService>[0] &
  Parameters<typeof fleetRoutes>[0] &
  WorkerRouteParts &
  HealthServiceParts & { readonly scheduler: Scheduler };

/** They carry DAG files; a message of the others is smaller. */
const large = { readMaxBytes: apiMessageBytesMax, writeMaxBytes: apiMessageBytesMax };

export const routesOf =
  (parts: Parts) =>
  (router: ConnectRouter): void => {
    const { store, submitter, clock, scheduler } = parts;
    const submit = submitter.submit.bind(submitter);
    const schedules = { store, submit, clock, ring: () => scheduler.ring() };
    const names = services.map(({ typeName }) => typeName);
    workerRoutes(parts)(router);
    fleetRoutes(parts)(router)
      .service(RunService, runService(parts), large)
      .service(DagService, dagService(submitter, store, schedules.ring), large)
      .service(ScheduleService, scheduleService(schedules))
      .service(SnapshotService, snapshotService(store, clock))
      .service(MemoryService, memoryService(store, clock))
      .service(Health, healthService(names, parts))
      .service(ServerReflection, reflectionService(services));
  };
