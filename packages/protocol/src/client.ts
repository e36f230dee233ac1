/** The API as a client uses it: nouns in, nouns out, faults thrown. */

import { createClient as createConnectClient } from "@connectrpc/connect";
import { type AccessClient, accessClient } from "./client-access.ts";
import { type ApprovalClient, approvalClient } from "./client-approvals.ts";
import { type DagClient, dagClient } from "./client-dags.ts";
import { type EnrollmentClient, enrollmentClient } from "./client-enrollment.ts";
import { type FleetClients, fleetClients } from "./client-fleet.ts";
import { type MemoryClient, memoryClient } from "./client-memory.ts";
import { type RunClient, runClient } from "./client-runs.ts";
import { type SecretClient, secretClient } from "./client-secrets.ts";
import { type SnapshotClient, snapshotClient } from "./client-snapshots.ts";
import { type ClientOptions, transportTo } from "./client-transport.ts";
import {
  AccessService,
  DagService,
  EnrollmentService,
  MemoryService,
  RunService,
  ScheduleService,
  SecretService,
  SnapshotService,
} from "./services.ts";

/** Every method rejects with a FaultError. */
export interface HaversackClient
  extends RunClient,
    MemoryClient,
    DagClient,
    SnapshotClient,
    ApprovalClient,
    FleetClients,
    SecretClient,
    AccessClient,
    EnrollmentClient {}

export function createClient(options: ClientOptions): HaversackClient {
  const transport = transportTo(options);
  const runs = createConnectClient(RunService, transport);
  const dags = dagClient(
    createConnectClient(DagService, transport),
    createConnectClient(ScheduleService, transport),
  );
  const snapshots = snapshotClient(createConnectClient(SnapshotService, transport));
  const memory = memoryClient(createConnectClient(MemoryService, transport));
  const access = accessClient(createConnectClient(AccessService, transport));
  const enrollment = enrollmentClient(createConnectClient(EnrollmentService, transport));
  const secrets = secretClient(createConnectClient(SecretService, transport));
  const ofRuns = { ...runClient(runs), ...approvalClient(runs) };
  const ofFleet = { ...fleetClients(transport), ...secrets, ...access, ...enrollment };
  return { ...ofRuns, ...dags, ...snapshots, ...memory, ...ofFleet };
}
