/** What is asked of an engine for a deploy: from the task to a container's description. Pure. */

import type { DeployWork } from "@haversack/protocol";
import type { DeploySettings } from "../config/deploy-settings.ts";
import type { ContainerSpec, MountSpec, PortSpec } from "../runtime/container.ts";
import { containerName, labelsOf, type Origin } from "./labels.ts";
import { containerUser } from "./own-folder.ts";
import { waitShell } from "./wait-shell.ts";

export interface SpecParts {
  readonly work: DeployWork;
  readonly worker: string;
  readonly attempt: string;
  readonly hasSecrets: boolean;
  /** What the engine calls the image. */
  readonly imageId: string;
  readonly arch: string;
  readonly origin: Origin;
  /** `reference`: an image of somebody else, which knows nothing of our process 1. */
  readonly kind: "base" | "build" | "reference";
  readonly settings: DeploySettings;
  readonly mounts: readonly MountSpec[];
  /** By port of the container. */
  readonly hostPorts: ReadonlyMap<number, number>;
}

/** What the recipe needs while it runs; process 1 gives them up when it has ended. */
const buildCapabilities: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "SETGID",
  "SETUID",
];
const tmpfs: ReadonlyMap<string, number> = new Map([
  ["/tmp", 64 * 1024 ** 2],
  ["/run", 16 * 1024 ** 2],
]);
const agentServer = ["/opt/haversack/bin/agent-server"];

export function containerSpec(parts: SpecParts): ContainerSpec {
  const { work, settings, kind } = parts;
  const { bounds } = settings;
  const { cpuMillis, memoryBytes, pids } = work.resources;
  return {
    name: containerName(work.name, work.revision),
    image: parts.imageId,
    arch: parts.arch,
    labels: labelsOf({
      ...work,
      worker: parts.worker,
      attempt: parts.attempt,
      hasSecrets: parts.hasSecrets,
      origin: parts.origin,
    }),
    ...programs(work, kind),
    env: environment(parts),
    user: kind === "build" ? "0:0" : containerUser,
    ports: ports(parts),
    mounts: parts.mounts,
    tmpfs,
    readOnlyRoot: kind !== "build",
    capabilities: kind === "build" ? buildCapabilities : [],
    limits: {
      cpuMillis: cpuMillis ?? bounds.cpuMillis,
      memoryBytes: memoryBytes ?? bounds.memoryBytes,
      pids: pids ?? bounds.pids,
    },
    restart: work.restart,
    network: "own",
  };
}

/** `command` replaces the image's command, never its entry point. */
function programs(
  { command }: DeployWork,
  kind: SpecParts["kind"],
): Pick<ContainerSpec, "entrypoint" | "command"> {
  if (kind !== "build") return command.length === 0 ? {} : { command };
  return {
    entrypoint: ["/bin/sh", "-c", waitShell, "haversack-wait"],
    command: command.length === 0 ? agentServer : command,
  };
}

/** Without any secret: those are files. */
function environment({ work, kind, hasSecrets }: SpecParts): ReadonlyMap<string, string> {
  if (!hasSecrets || kind === "reference") return work.env;
  return new Map([...work.env, ["HAVERSACK_WAIT", "start"]]);
}

function ports({ work, settings, hostPorts }: SpecParts): PortSpec[] {
  const address = settings.publishAddress;
  return work.ports.map((containerPort) => ({
    containerPort,
    address,
    hostPort: hostPorts.get(containerPort) ?? 0,
  }));
}
