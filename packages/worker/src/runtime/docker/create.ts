/** What Docker and Podman are asked for when a container is made. */

import type Dockerode from "dockerode";
import type { ContainerSpec, ContainerView, PortSpec } from "../container.ts";
import { imageCorrupt, nameTaken, noImage } from "../runtime-faults.ts";
import { archOf, type Dialect } from "./dialect.ts";
import { type Engine, engineCall, statusOf } from "./engine.ts";
import { findImage } from "./find-image.ts";
import { clusterLabel, inNetwork } from "./network.ts";

/** Everything that can be told beforehand is looked at first: statuses and texts differ from engine to engine. */
export async function createContainer(
  engine: Engine,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<{ readonly id: string }> {
  const dialect = await engine.dialect(signal);
  const image = await findImage(engine, spec.image, signal);
  if (image === undefined) throw noImage(spec.image);
  const arch = archOf(image.Architecture);
  if (arch !== spec.arch) {
    throw imageCorrupt("wrong_platform", `image ${spec.image} is for ${arch}, not for ${spec.arch}`);
  }
  const make = async (network: string) =>
    await createIn(engine, createOptions(spec, { image: image.Id, network, dialect }), signal);
  if (spec.network === "none") return await make("none");
  return await inNetwork(engine, spec.labels.get(clusterLabel) ?? "", make, signal);
}

async function createIn(
  engine: Engine,
  options: Dockerode.ContainerCreateOptions,
  signal: AbortSignal,
): Promise<{ readonly id: string }> {
  const { name = "", Image = "" } = options;
  return await engineCall(`creating container ${name}`, signal, async () => {
    try {
      const { id } = await engine.docker.createContainer({ ...options, abortSignal: signal });
      return { id };
    } catch (error) {
      if (signal.aborted || statusOf(error) === undefined) throw error;
      if (await exists(engine, name, signal)) throw nameTaken(name, error);
      if ((await findImage(engine, Image, signal)) === undefined) throw noImage(Image, error);
      throw error;
    }
  });
}

async function exists({ docker }: Engine, name: string, signal: AbortSignal): Promise<boolean> {
  return await docker
    .getContainer(name)
    .inspect({ abortSignal: signal })
    .then(
      () => true,
      () => false,
    );
}

interface Surroundings {
  readonly image: string;
  readonly network: string;
  readonly dialect: Dialect;
}

function createOptions(
  spec: ContainerSpec,
  { image, network, dialect }: Surroundings,
): Dockerode.ContainerCreateOptions {
  const { name, entrypoint, command, env, user, labels, ports } = spec;
  return {
    name,
    Image: image,
    ...(entrypoint !== undefined && { Entrypoint: [...entrypoint] }),
    ...(command !== undefined && { Cmd: [...command] }),
    Env: [...env].map(([key, value]) => `${key}=${value}`),
    ...(user !== undefined && { User: user }),
    Labels: Object.fromEntries(labels),
    // Without it Docker takes the bindings, and publishes nothing.
    ExposedPorts: Object.fromEntries(ports.map(({ containerPort }) => [`${containerPort}/tcp`, {}])),
    HostConfig: hostConfig(spec, network, dialect),
  };
}

function hostConfig(spec: ContainerSpec, network: string, dialect: Dialect): Dockerode.HostConfig {
  const { cpuMillis, memoryBytes, pids } = spec.limits;
  const tmpfs = [...spec.tmpfs].map(([path, bytes]) => [path, `${dialect.tmpfsOptions},size=${bytes}`]);
  return {
    NetworkMode: network,
    PortBindings: bindings(spec.ports),
    // Unlike Binds, these make no folder where there is none; nothing that is mounted later shows in the other place.
    Mounts: spec.mounts.map(({ source, target, readOnly }) => ({
      Type: "bind" as const,
      Source: source,
      Target: target,
      ReadOnly: readOnly,
    })),
    Tmpfs: Object.fromEntries(tmpfs) as Record<string, string>,
    ReadonlyRootfs: spec.readOnlyRoot,
    CapDrop: ["ALL"],
    CapAdd: [...spec.capabilities],
    SecurityOpt: ["no-new-privileges"],
    NanoCpus: cpuMillis * 1_000_000,
    Memory: memoryBytes,
    // The same: no swap beside it.
    MemorySwap: memoryBytes,
    PidsLimit: pids,
    RestartPolicy: { Name: restartNames[spec.restart] },
    LogConfig: { Type: dialect.log.Type, Config: { ...dialect.log.Config } },
  };
}

const restartNames = {
  always: "unless-stopped",
  "on-failure": "on-failure",
  never: "no",
} as const satisfies Record<NonNullable<ContainerView["restart"]>, string>;

function bindings(ports: readonly PortSpec[]): Dockerode.PortMap {
  const map: Record<string, Dockerode.PortBinding[]> = {};
  for (const { containerPort, address, hostPort } of ports) {
    const list = (map[`${containerPort}/tcp`] ??= []);
    list.push({ HostIp: address, HostPort: hostPort === 0 ? "" : String(hostPort) });
  }
  return map;
}
