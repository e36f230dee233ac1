/** A container as Docker or Podman tells it, as everybody else reads it. */

import type Dockerode from "dockerode";
import type { ContainerView, MountSpec, PortSpec } from "../container.ts";
import type { Dialect } from "./dialect.ts";

type Told = Dockerode.ContainerInspectInfo;

/** @param bounding what the engine says that may ever be had, where the inspect does not say it */
export function viewOf(told: Told, dialect: Dialect, bounding?: readonly string[]): ContainerView {
  const { HostConfig: host, State: state, Config: config } = told;
  const phase = phaseOf(state.Status);
  const startedAt = timeOf(state.StartedAt);
  const finishedAt = timeOf(state.FinishedAt);
  const address = addressOf(told);
  const restart = restartOf(host.RestartPolicy?.Name);
  const capabilities = bounding ?? capabilitiesOf(host);
  return {
    id: told.Id,
    name: told.Name.replace(/^\//, ""),
    image: told.Image.startsWith("sha256:") ? told.Image : `sha256:${told.Image}`,
    labels: new Map(Object.entries(config.Labels ?? {})),
    state: phase,
    ...(phase === "exited" && { exitCode: state.ExitCode }),
    ...(phase === "exited" && dialect.saysOom && { oomKilled: state.OOMKilled }),
    ...(startedAt !== undefined && { startedAt }),
    ...(phase === "exited" && finishedAt !== undefined && { finishedAt }),
    ...(address !== undefined && { address }),
    ports: portsOf(told),
    mounts: mountsOf(told),
    ...(host.ReadonlyRootfs !== undefined && { readOnlyRoot: host.ReadonlyRootfs }),
    ...(host.Privileged !== undefined && { privileged: host.Privileged }),
    capabilities: capabilities.map((each) => each.replace(/^CAP_/, "")),
    ...(config.User !== "" && { user: config.User }),
    hostNamespaces: hostNamespaces(host),
    devices: (host.Devices ?? []).map((device: { PathOnHost?: string }) => device.PathOnHost ?? "?"),
    limits: limitsOf(host),
    ...(restart !== undefined && { restart }),
  };
}

/** One that waits to be started anew does not run. */
function phaseOf(status: string): ContainerView["state"] {
  if (status === "created" || status === "configured" || status === "initialized") return "created";
  return status === "running" || status === "paused" || status === "stopping" ? "running" : "exited";
}

/** Year 1 is the engines' word for never. */
function timeOf(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

function addressOf({ NetworkSettings }: Told): string | undefined {
  const networks = Object.values(NetworkSettings.Networks ?? {});
  return networks.map(({ IPAddress }) => IPAddress).find((each) => each !== "");
}

/** What is published; before it is started, what will be. */
function portsOf({ NetworkSettings, HostConfig }: Told): readonly PortSpec[] {
  const published = NetworkSettings.Ports ?? {};
  const hasAny = Object.values(published).some((list) => (list ?? []).length > 0);
  const all = hasAny ? published : ((HostConfig.PortBindings ?? {}) as typeof published);
  return Object.entries(all).flatMap(([port, list]) =>
    (list ?? []).map(({ HostIp, HostPort }) => ({
      containerPort: Number.parseInt(port, 10),
      address: HostIp === "" ? "0.0.0.0" : HostIp,
      hostPort: Number(HostPort),
    })),
  );
}

/** Folders and files of the host; what the engine keeps for an image's own volumes is none. */
function mountsOf({ Mounts }: Told): readonly MountSpec[] {
  const ofHost = (Mounts ?? []).filter(({ Type }) => Type === "bind");
  return ofHost.map(({ Source, Destination, RW }) => ({
    source: Source,
    target: Destination,
    readOnly: !RW,
  }));
}

/** Where not all were dropped, the word `DEFAULT` stands for those that the engine leaves. */
function capabilitiesOf({ CapAdd, CapDrop, Privileged }: Dockerode.HostConfig): readonly string[] {
  const added = (CapAdd as readonly string[] | null) ?? [];
  const dropped = (CapDrop as readonly string[] | null) ?? [];
  if (Privileged === true) return ["ALL"];
  return dropped.includes("ALL") ? added : ["DEFAULT", ...added];
}

function hostNamespaces(host: Dockerode.HostConfig): readonly string[] {
  const modes = {
    pid: host.PidMode,
    net: host.NetworkMode,
    ipc: host.IpcMode,
    uts: (host as { UTSMode?: string }).UTSMode,
    user: host.UsernsMode,
  };
  return Object.entries(modes).flatMap(([name, mode]) => (mode === "host" ? [name] : []));
}

function limitsOf(host: Dockerode.HostConfig): ContainerView["limits"] {
  const { NanoCpus = 0, CpuQuota = 0, CpuPeriod = 0, Memory = 0, PidsLimit } = host;
  const cpuMillis = NanoCpus > 0 ? NanoCpus / 1_000_000 : CpuPeriod > 0 ? (1000 * CpuQuota) / CpuPeriod : 0;
  const pids = PidsLimit ?? 0;
  return {
    ...(cpuMillis > 0 && { cpuMillis }),
    ...(Memory > 0 && { memoryBytes: Memory }),
    ...(pids > 0 && { pids }),
  };
}

function restartOf(name: string | undefined): ContainerView["restart"] {
  if (name === "always" || name === "unless-stopped") return "always";
  if (name === "on-failure") return "on-failure";
  return name === "no" || name === "" ? "never" : undefined;
}
