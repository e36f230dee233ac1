/** The API as a client uses it: nouns in, nouns out, faults thrown. */

import { createClient as createConnectClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type AccessClient, accessClient } from "./client-access.ts";
import { type ApprovalClient, approvalClient } from "./client-approvals.ts";
import { type DagClient, dagClient } from "./client-dags.ts";
import { type EnrollmentClient, enrollmentClient } from "./client-enrollment.ts";
import { type FleetClient, fleetClient } from "./client-fleet.ts";
import { type MemoryClient, memoryClient } from "./client-memory.ts";
import { type PlacementClient, placementClient } from "./client-placement.ts";
import { type RunClient, runClient } from "./client-runs.ts";
import { type SecretClient, secretClient } from "./client-secrets.ts";
import { type SnapshotClient, snapshotClient } from "./client-snapshots.ts";
import { apiMessageBytesMax } from "./limits.ts";
import {
  AccessService,
  DagService,
  EnrollmentService,
  FleetService,
  MemoryService,
  PlacementService,
  RunService,
  ScheduleService,
  SecretService,
  SnapshotService,
} from "./services.ts";

export interface ClientOptions {
  /** Such as `http://127.0.0.1:7420`. */
  readonly url: string;
  readonly token: string;
  /** PEM of the authority of the coordinator's certificate; absent: those that the system knows. */
  readonly ca?: string;
  /** The name that its certificate must have; absent: that of the address. */
  readonly serverName?: string;
}

/** Every method rejects with a FaultError. */
export interface HaversackClient
  extends RunClient,
    MemoryClient,
    DagClient,
    SnapshotClient,
    ApprovalClient,
    FleetClient,
    PlacementClient,
    SecretClient,
    AccessClient,
    EnrollmentClient {}

export function createClient(options: ClientOptions): HaversackClient {
  const transport = createGrpcTransport({
    baseUrl: options.url,
    interceptors: [bearer(options.token)],
    readMaxBytes: apiMessageBytesMax,
    writeMaxBytes: apiMessageBytesMax,
    acceptCompression: [],
    nodeOptions: tlsOptions(options),
    pingIntervalMs: 10_000,
    pingTimeoutMs: 5_000,
  });
  const runs = createConnectClient(RunService, transport);
  const dags = dagClient(
    createConnectClient(DagService, transport),
    createConnectClient(ScheduleService, transport),
  );
  const snapshots = snapshotClient(createConnectClient(SnapshotService, transport));
  const memory = memoryClient(createConnectClient(MemoryService, transport));
  const fleet = fleetClient(createConnectClient(FleetService, transport));
  const placement = { ...placementClient(createConnectClient(PlacementService, transport)), ...fleet };
  const access = accessClient(createConnectClient(AccessService, transport));
  const enrollment = enrollmentClient(createConnectClient(EnrollmentService, transport));
  const secrets = secretClient(createConnectClient(SecretService, transport));
  const ofRuns = { ...runClient(runs), ...approvalClient(runs) };
  const ofFleet = { ...placement, ...secrets, ...access, ...enrollment };
  return { ...ofRuns, ...dags, ...snapshots, ...memory, ...ofFleet };
}

const tlsOptions = ({ ca, serverName }: ClientOptions) => ({
  ...(ca === undefined ? {} : { ca }),
  ...(serverName === undefined ? {} : { servername: serverName }),
});

const bearer =
  (token: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
