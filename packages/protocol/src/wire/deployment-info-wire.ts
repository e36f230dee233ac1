/** Deployments as people see them: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  DeploymentSchema,
  type Deployment as WireDeployment,
  DeploymentState as WireState,
} from "../gen/haversack/v1/deployment_service_pb.ts";
import type { DeploymentInfo, DeploymentState } from "../model/deployment-info.ts";
import { parseWorkerId } from "../model/ids.ts";
import { deploymentReportFromWire, deploymentReportToWire } from "./deployment-wire.ts";
import { inverted } from "./enums.ts";
import { known, safeNumber } from "./fields.ts";

const stateToWire = {
  deploying: WireState.DEPLOYING,
  running: WireState.RUNNING,
  stopped: WireState.STOPPED,
  missing: WireState.MISSING,
  unknown: WireState.UNKNOWN,
  "needs-secrets": WireState.NEEDS_SECRETS,
  orphan: WireState.ORPHAN,
  abandoned: WireState.ABANDONED,
  failed: WireState.FAILED,
} as const satisfies Record<DeploymentState, WireState>;
const stateFromWire = inverted<DeploymentState>(stateToWire);

export function deploymentToWire(info: DeploymentInfo): WireDeployment {
  const init: MessageInitShape<typeof DeploymentSchema> = {
    name: info.name,
    revision: BigInt(info.revision),
    state: stateToWire[info.state],
    workerId: info.workerId ?? "",
    workerName: info.workerName ?? "",
    container: info.container ?? "",
    image: info.image,
    lastLines: info.lastLines ?? "",
    runId: info.runId ?? "",
    stepId: info.stepId ?? "",
    note: info.note ?? "",
  };
  if (info.report !== undefined) init.report = deploymentReportToWire(info.report);
  if (info.deployedAt !== undefined) init.deployedAt = timestampFromMs(info.deployedAt);
  if (info.seenAt !== undefined) init.seenAt = timestampFromMs(info.seenAt);
  if (info.expiresAt !== undefined) init.expiresAt = timestampFromMs(info.expiresAt);
  if (info.exitCode !== undefined) init.exitCode = info.exitCode;
  if (info.healthy !== undefined) init.healthy = info.healthy;
  return create(DeploymentSchema, init);
}

export function deploymentFromWire(wire: WireDeployment): DeploymentInfo {
  return {
    name: wire.name,
    revision: safeNumber(wire.revision, "deployment.revision"),
    state: known(stateFromWire(wire.state), "deployment.state"),
    ...(wire.workerId === "" ? {} : { workerId: parseWorkerId(wire.workerId) }),
    ...texts(wire),
    image: wire.image,
    ...(wire.report === undefined ? {} : { report: deploymentReportFromWire(wire.report) }),
    ...times(wire),
    ...(wire.exitCode === undefined ? {} : { exitCode: wire.exitCode }),
    ...(wire.healthy === undefined ? {} : { healthy: wire.healthy }),
  };
}

/** An empty text says that there is none. */
function texts({
  workerName,
  container,
  lastLines,
  runId,
  stepId,
  note,
}: WireDeployment): Partial<DeploymentInfo> {
  const all = { workerName, container, lastLines, runId, stepId, note };
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== ""));
}

function times({ deployedAt, seenAt, expiresAt }: WireDeployment): Partial<DeploymentInfo> {
  return {
    ...(deployedAt === undefined ? {} : { deployedAt: timestampMs(deployedAt) }),
    ...(seenAt === undefined ? {} : { seenAt: timestampMs(seenAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: timestampMs(expiresAt) }),
  };
}
