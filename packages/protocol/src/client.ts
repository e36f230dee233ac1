/** The API as a client uses it: nouns in, nouns out, faults thrown. */

import { createClient as createConnectClient } from "@connectrpc/connect";
import { type AccessClient, accessClient } from "./client-access.ts";
import { type ApprovalClient, approvalClient } from "./client-approvals.ts";
import { type DagClient, dagClient } from "./client-dags.ts";
import { type DeploymentClient, deploymentClient } from "./client-deployments.ts";
import { type EnrollmentClient, enrollmentClient } from "./client-enrollment.ts";
import { type ImageClient, imageClient } from "./client-images.ts";
import { type MemoryClient, memoryClient } from "./client-memory.ts";
import { type PlacementClient, placementClient } from "./client-placement.ts";
import { type RunClient, runClient } from "./client-runs.ts";
import { type SecretClient, secretClient } from "./client-secrets.ts";
import { type SnapshotClient, snapshotClient } from "./client-snapshots.ts";
import { type ClientOptions, transportTo } from "./client-transport.ts";
import {
  AccessService,
  DagService,
  DeploymentService,
  EnrollmentService,
  FleetService,
  ImageService,
  MemoryService,
  PlacementService,
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
    PlacementClient,
    ImageClient,
    DeploymentClient,
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
  const placement = placementClient(
    createConnectClient(PlacementService, transport),
    createConnectClient(FleetService, transport),
  );
  const access = accessClient(createConnectClient(AccessService, transport));
  const enrollment = enrollmentClient(createConnectClient(EnrollmentService, transport));
  const secrets = secretClient(createConnectClient(SecretService, transport));
  const images = imageClient(createConnectClient(ImageService, transport));
  const deployments = deploymentClient(createConnectClient(DeploymentService, transport));
  const ofRuns = { ...runClient(runs), ...approvalClient(runs) };
  const ofFleet = { ...placement, ...images, ...deployments, ...secrets, ...access, ...enrollment };
  return { ...ofRuns, ...dags, ...snapshots, ...memory, ...ofFleet };
}
