/** The services that this coordinator answers for, in one list. */

import type { ConnectRouter } from "@connectrpc/connect";
import {
  AccessService,
  apiMessageBytesMax,
  DagService,
  EnrollmentService,
  FleetService,
  Health,
  MemoryService,
  PlacementService,
  RunService,
  ScheduleService,
  SecretService,
  ServerReflection,
  SnapshotService,
  WorkerService,
} from "@haversack/protocol";
import type { Enrolment } from "../identity/enrolment.ts";
import type { Scheduler } from "../schedule/scheduler.ts";
import { dagService } from "./dag-service.ts";
import { enrollmentService } from "./enrollment-service.ts";
import { fleetRoutes } from "./fleet-routes.ts";
import { type HealthServiceParts, healthService } from "./health-service.ts";
import { memoryService } from "./memory-service.ts";
import { reflectionService } from "./reflection-service.ts";
import { runService } from "./run-service.ts";
import { scheduleService } from "./schedule-service.ts";
import { snapshotService } from "./snapshot-service.ts";
import { workerService } from "./worker-service.ts";

/** Each method of them declares who may call it. */
export const services = [
  RunService,
  DagService,
  ScheduleService,
  FleetService,
  PlacementService,
  SnapshotService,
  MemoryService,
  SecretService,
  WorkerService,
  EnrollmentService,
  Health,
  ServerReflection,
  AccessService,
];

type Parts = Parameters<typeof runService>[0] &
  Parameters<typeof workerService>[0] &
  HealthServiceParts & { readonly scheduler: Scheduler; readonly enrolment: Enrolment };

/** They carry DAG files; a message of the others is smaller. */
const large = { readMaxBytes: apiMessageBytesMax, writeMaxBytes: apiMessageBytesMax };

export const routesOf =
  (parts: Parts) =>
  (router: ConnectRouter): void => {
    const { store, submitter, clock, scheduler } = parts;
    const submit = submitter.submit.bind(submitter);
    const schedules = { store, submit, clock, ring: () => scheduler.ring() };
    const names = services.map(({ typeName }) => typeName);
    fleetRoutes(parts)(router)
      .service(RunService, runService(parts), large)
      .service(DagService, dagService(submitter, store, schedules.ring), large)
      .service(ScheduleService, scheduleService(schedules))
      .service(SnapshotService, snapshotService(store, clock))
      .service(MemoryService, memoryService(store, clock))
      .service(WorkerService, workerService(parts))
      .service(EnrollmentService, enrollmentService(parts.enrolment))
      .service(Health, healthService(names, parts))
      .service(ServerReflection, reflectionService(services));
  };

/** On the listener that has nobody but workers. */
export const workerRoutesOf =
  (parts: Pick<Parts, "enrolment"> & Parameters<typeof workerService>[0]) =>
  (router: ConnectRouter): void => {
    router
      .service(WorkerService, workerService(parts))
      .service(EnrollmentService, enrollmentService(parts.enrolment));
  };
