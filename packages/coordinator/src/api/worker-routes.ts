/** What workers call; on a listener of their own there is nothing else. */

import type { ConnectRouter } from "@connectrpc/connect";
import { EnrollmentService, WorkerService } from "@haversack/protocol";
import type { Enrolment } from "../identity/enrolment.ts";
import { enrollmentService } from "./enrollment-service.ts";
import { type WorkerServiceParts, workerService } from "./worker-service.ts";

export type WorkerRouteParts = WorkerServiceParts & { readonly enrolment: Enrolment };

export const workerRoutes =
  (parts: WorkerRouteParts) =>
  (router: ConnectRouter): void => {
    router
      .service(WorkerService, workerService(parts))
      .service(EnrollmentService, enrollmentService(parts.enrolment));
  };
