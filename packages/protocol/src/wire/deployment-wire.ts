/** Deployments: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  DeploymentReportSchema,
  DeployTaskSchema,
  ObservedDeploymentSchema,
  RestartPolicy,
  ContainerState as WireContainerState,
  DeployEffect as WireDeployEffect,
  type DeployHealth as WireDeployHealth,
  type DeploymentLogOrder as WireDeploymentLogOrder,
  type DeploymentReport as WireDeploymentReport,
  type DeployResources as WireDeployResources,
  type DeployTask as WireDeployTask,
  type ObservedDeployment as WireObservedDeployment,
  type ObservedDeployments as WireObservedDeployments,
  type UnwantedContainer as WireUnwantedContainer,
} from "../gen/haversack/v1/deployment_pb.ts";
import {
  type DeployEffect,
  type DeployHealth,
  type DeploymentReport,
  type DeployResources,
  type DeployWork,
  deployPhases,
} from "../model/deployment.ts";
import {
  type ContainerState,
  type DeploymentLogOrder,
  type ObservedDeployment,
  type ObservedDeployments,
  type UnwantedContainer,
} from "../model/deployment-info.ts";
import { digestOfBytes, digestToBytes } from "../model/ids.ts";
import { inverted } from "./enums.ts";
import { badField, known, required, safeNumber } from "./fields.ts";
import { baseImageFromWire, baseImageToWire, recipeFromWire, recipeToWire } from "./image-wire.ts";

const restartToWire = {
  always: RestartPolicy.ALWAYS,
  "on-failure": RestartPolicy.ON_FAILURE,
  never: RestartPolicy.NEVER,
} as const satisfies Record<DeployWork["restart"], RestartPolicy>;
const restartFromWire = inverted<DeployWork["restart"]>(restartToWire);

const effectToWire = {
  started: WireDeployEffect.STARTED,
  unchanged: WireDeployEffect.UNCHANGED,
  removed: WireDeployEffect.REMOVED,
  "rolled-back": WireDeployEffect.ROLLED_BACK,
  none: WireDeployEffect.NONE,
} as const satisfies Record<DeployEffect, WireDeployEffect>;
const effectFromWire = inverted<DeployEffect>(effectToWire);

const containerStateToWire = {
  created: WireContainerState.CREATED,
  running: WireContainerState.RUNNING,
  exited: WireContainerState.EXITED,
  "needs-secrets": WireContainerState.NEEDS_SECRETS,
} as const satisfies Record<ContainerState, WireContainerState>;
const containerStateFromWire = inverted<ContainerState>(containerStateToWire);

/** Without its snapshot, which stands in the task itself. */
export function deployToWire(work: DeployWork): WireDeployTask {
  const init: MessageInitShape<typeof DeployTaskSchema> = {
    name: work.name,
    revision: BigInt(work.revision),
    replaces: BigInt(work.replaces ?? 0),
    spec: digestToBytes(work.spec),
    absent: work.absent,
    removeVolumes: work.removeVolumes,
    cluster: work.cluster,
    image: work.image,
    command: [...work.command],
    env: Object.fromEntries(work.env),
    ports: [...work.ports],
    restart: restartToWire[work.restart],
    resources: resourcesToWire(work.resources),
    volumes: work.volumes.map((volume) => ({ ...volume })),
    startFirst: work.startFirst,
    rollback: work.rollback,
    waitForImageMs: BigInt(work.waitForImageMs),
    restore: work.restore,
  };
  if (work.health !== undefined) init.health = healthToWire(work.health);
  if (work.base !== undefined) init.base = baseImageToWire(work.base);
  if (work.recipe !== undefined) init.recipe = recipeToWire(work.recipe);
  return create(DeployTaskSchema, init);
}

export function deployFromWire(wire: WireDeployTask): Omit<DeployWork, "snapshot"> {
  const replaces = safeNumber(wire.replaces, "deploy.replaces");
  return {
    kind: "deploy",
    name: wire.name,
    revision: safeNumber(wire.revision, "deploy.revision"),
    ...(replaces === 0 ? {} : { replaces }),
    spec: digestOfBytes(wire.spec),
    absent: wire.absent,
    removeVolumes: wire.removeVolumes,
    cluster: wire.cluster,
    image: wire.image,
    command: wire.command,
    env: new Map(Object.entries(wire.env)),
    ports: wire.ports,
    ...(wire.health === undefined ? {} : { health: healthFromWire(wire.health) }),
    restart: known(restartFromWire(wire.restart), "deploy.restart"),
    resources: resourcesFromWire(wire.resources),
    volumes: wire.volumes.map(({ name, path, readOnly }) => ({ name, path, readOnly })),
    startFirst: wire.startFirst,
    rollback: wire.rollback,
    waitForImageMs: safeNumber(wire.waitForImageMs, "deploy.wait_for_image_ms"),
    ...(wire.base === undefined ? {} : { base: baseImageFromWire(wire.base) }),
    ...(wire.recipe === undefined ? {} : { recipe: recipeFromWire(wire.recipe) }),
    restore: wire.restore,
  };
}

const resourcesToWire = ({ cpuMillis = 0, memoryBytes = 0, pids = 0 }: DeployResources) => ({
  cpuMillis,
  memoryBytes: BigInt(memoryBytes),
  pids,
});

function resourcesFromWire(wire: WireDeployResources | undefined): DeployResources {
  if (wire === undefined) return {};
  const memoryBytes = safeNumber(wire.memoryBytes, "deploy.resources.memory_bytes");
  return {
    ...(wire.cpuMillis === 0 ? {} : { cpuMillis: wire.cpuMillis }),
    ...(memoryBytes === 0 ? {} : { memoryBytes }),
    ...(wire.pids === 0 ? {} : { pids: wire.pids }),
  };
}

function healthToWire({ probe, port = 0, intervalMs, timeoutMs, withinMs }: DeployHealth) {
  return {
    probe: probeToWire(probe),
    port,
    intervalMs: BigInt(intervalMs),
    timeoutMs: BigInt(timeoutMs),
    withinMs: BigInt(withinMs),
  };
}

function probeToWire(probe: DeployHealth["probe"]) {
  switch (probe.kind) {
    case "http":
      return { case: "http" as const, value: probe.path };
    case "tcp":
      return { case: "tcp" as const, value: true };
    case "command":
      return { case: "command" as const, value: { argv: [...probe.argv] } };
  }
}

function healthFromWire(wire: WireDeployHealth): DeployHealth {
  return {
    probe: probeFromWire(wire.probe),
    ...(wire.port === 0 ? {} : { port: wire.port }),
    intervalMs: safeNumber(wire.intervalMs, "deploy.health.interval_ms"),
    timeoutMs: safeNumber(wire.timeoutMs, "deploy.health.timeout_ms"),
    withinMs: safeNumber(wire.withinMs, "deploy.health.within_ms"),
  };
}

function probeFromWire(probe: WireDeployHealth["probe"]): DeployHealth["probe"] {
  switch (probe.case) {
    case "http":
      return { kind: "http", path: probe.value };
    case "tcp":
      return { kind: "tcp" };
    case "command":
      return { kind: "command", argv: probe.value.argv };
    case undefined:
      throw badField("deploy.health.probe", "a probe that this version knows");
  }
}

export function deploymentReportToWire(report: DeploymentReport): WireDeploymentReport {
  return create(DeploymentReportSchema, {
    name: report.name,
    revision: BigInt(report.revision),
    spec: digestToBytes(report.spec),
    effect: effectToWire[report.effect],
    container: report.container ?? "",
    engine: report.engine,
    path: report.path ?? "",
    reason: report.reason,
    imageDigest: report.imageDigest === undefined ? new Uint8Array() : digestToBytes(report.imageDigest),
    stamp: report.stamp ?? "",
    fellBack: report.fellBack,
    phases: report.phases.map(({ name, ms }) => ({ name, ms: BigInt(Math.round(ms)) })),
    host: report.host,
    ports: report.ports.map((port) => ({ ...port })),
    failures: [...report.failures],
  });
}

export function deploymentReportFromWire(wire: WireDeploymentReport): DeploymentReport {
  return {
    name: wire.name,
    revision: safeNumber(wire.revision, "deployment.revision"),
    spec: digestOfBytes(wire.spec),
    effect: known(effectFromWire(wire.effect), "deployment.effect"),
    ...(wire.container === "" ? {} : { container: wire.container }),
    engine: wire.engine,
    ...(wire.path === "" ? {} : { path: pathOf(wire.path) }),
    reason: wire.reason,
    ...(wire.imageDigest.length === 0 ? {} : { imageDigest: digestOfBytes(wire.imageDigest) }),
    ...(wire.stamp === "" ? {} : { stamp: wire.stamp }),
    fellBack: wire.fellBack,
    phases: wire.phases.map(({ name, ms }) => ({
      name: known(
        deployPhases.find((phase) => phase === name),
        "deployment.phases.name",
      ),
      ms: safeNumber(ms, "deployment.phases.ms"),
    })),
    host: wire.host,
    ports: wire.ports.map(({ containerPort, address, hostPort }) => ({ containerPort, address, hostPort })),
    failures: wire.failures,
  };
}

function pathOf(text: string): "image" | "build" {
  if (text === "image" || text === "build") return text;
  throw badField("deployment.path", "`image` or `build`");
}

export const observedToWire = ({ deployments, unavailable }: ObservedDeployments) => ({
  deployments: deployments.map(observedOneToWire),
  unavailable: unavailable ?? "",
});

function observedOneToWire(seen: ObservedDeployment): WireObservedDeployment {
  const init: MessageInitShape<typeof ObservedDeploymentSchema> = {
    name: seen.name,
    revision: BigInt(seen.revision),
    spec: digestToBytes(seen.spec),
    container: seen.container,
    state: containerStateToWire[seen.state],
    lastLines: seen.lastLines ?? "",
    busy: seen.busy,
  };
  if (seen.exitCode !== undefined) init.exitCode = seen.exitCode;
  if (seen.startedAt !== undefined) init.startedAt = timestampFromMs(seen.startedAt);
  if (seen.healthy !== undefined) init.healthy = seen.healthy;
  return create(ObservedDeploymentSchema, init);
}

export const observedFromWire = (wire: WireObservedDeployments): ObservedDeployments => ({
  deployments: wire.deployments.map(observedOneFromWire),
  ...(wire.unavailable === "" ? {} : { unavailable: wire.unavailable }),
});

function observedOneFromWire(wire: WireObservedDeployment): ObservedDeployment {
  return {
    name: required(wire.name || undefined, "deployments.name"),
    revision: safeNumber(wire.revision, "deployments.revision"),
    spec: digestOfBytes(wire.spec),
    container: wire.container,
    state: known(containerStateFromWire(wire.state), "deployments.state"),
    ...(wire.exitCode === undefined ? {} : { exitCode: wire.exitCode }),
    ...(wire.lastLines === "" ? {} : { lastLines: wire.lastLines }),
    ...(wire.startedAt === undefined ? {} : { startedAt: timestampMs(wire.startedAt) }),
    ...(wire.healthy === undefined ? {} : { healthy: wire.healthy }),
    busy: wire.busy,
  };
}

export const unwantedFromWire = ({
  name,
  revision,
  container,
}: WireUnwantedContainer): UnwantedContainer => ({
  name,
  revision: safeNumber(revision, "remove_containers.revision"),
  container,
});

export const logOrderToWire = ({ id, revision, ...others }: DeploymentLogOrder) => ({
  ...others,
  id: BigInt(id),
  revision: BigInt(revision),
});

export const logOrderFromWire = ({
  id,
  revision,
  name,
  tail,
  follow,
  end,
}: WireDeploymentLogOrder): DeploymentLogOrder => ({
  id: safeNumber(id, "deployment_log.id"),
  revision: safeNumber(revision, "deployment_log.revision"),
  name,
  tail,
  follow,
  end,
});
