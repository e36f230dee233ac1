/** What a deploy step asks for, every expression evaluated, as the task of a worker. Pure. */

import { createHash } from "node:crypto";
import { invariant, sortedJson } from "@haversack/base";
import {
  type BaseImage,
  type DeployHealth,
  type DeployResources,
  type DeploySpec,
  type DeployWork,
  type Digest,
  type HealthSpec,
  type ImageRecipe,
  parseDigest,
  type ResourcesSpec,
  type SnapshotDescriptor,
  type StepSecret,
} from "@haversack/protocol";
import type { DeployContent } from "../runs/deployment-row.ts";
import { render } from "../runs/expressions.ts";
import type { Claimed } from "../store/verbs/step-verbs.ts";

/** What the base image is at this moment. */
export interface ImageContent {
  /** Absent: the coordinator knows no base image. */
  readonly base?: BaseImage;
  /** Absent: nothing can be built. */
  readonly recipe?: ImageRecipe;
}

/** @param pinDigest of its agent's pack, before memory was added */
export function deployContent({ spec, data, snapshotDigest }: Claimed, work: DeploySpec): DeployContent {
  const fill = (text: string): string => render(text, data);
  const { command, env } = work;
  const deploy: DeploySpec = {
    ...work,
    name: fill(work.name),
    ...(command === undefined ? {} : { command: command.map(fill) }),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)])),
  };
  return {
    image: work.image,
    deploy,
    worker: spec.worker,
    ...(spec.secrets === undefined ? {} : { secrets: spec.secrets }),
    ...(spec.timeoutMs === undefined ? {} : { timeoutMs: spec.timeoutMs }),
    ...(snapshotDigest === undefined ? {} : { snapshotDigest }),
  };
}

/**
 * The digest of all that decides what runs: equal ones need no new container.
 * @param versions of the secrets of the vault, by name; those that are not there count as such
 */
export function specDigest(
  { image, deploy, secrets = [], snapshotDigest }: DeployContent,
  { base, recipe }: ImageContent,
  versions: ReadonlyMap<string, number>,
): Digest {
  // Both ways to it are made by one recipe.
  const content =
    image === "base" ? { recipe: base?.recipe ?? recipe?.digest, stamp: base?.stamp } : { image };
  const { command, env, ports, volumes, resources, health, restart } = deploy;
  const named = secrets.map((secret: StepSecret) => ({
    ...secret,
    version: "secret" in secret.from ? (versions.get(secret.from.secret) ?? 0) : 0,
  }));
  const ofPack = [...versions].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const all = {
    content,
    command,
    env,
    ports,
    volumes,
    resources,
    health,
    restart,
    named,
    ofPack,
    snapshotDigest,
  };
  // What is undefined is left out.
  const text = sortedJson(JSON.parse(JSON.stringify(all)));
  return parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);
}

/** What the store gave the attempt. */
export interface GivenRevision {
  readonly revision: number;
  readonly replaces?: number;
  /** Absent: the container is to go. */
  readonly spec?: Digest;
  readonly restore: boolean;
}

export interface DeployWorkParts {
  readonly content: DeployContent;
  readonly given: GivenRevision;
  readonly cluster: string;
  readonly image: ImageContent;
  readonly snapshot?: SnapshotDescriptor;
}

/** Of what is only removed. */
const noSpec = parseDigest(`sha256:${"0".repeat(64)}`);

export function deployWork({ content, given, cluster, image, snapshot }: DeployWorkParts): DeployWork {
  const { deploy } = content;
  const { revision, replaces, spec = noSpec, restore } = given;
  const absent = deploy.state === "absent";
  const common = {
    kind: "deploy",
    name: deploy.name,
    revision,
    ...(replaces === undefined ? {} : { replaces }),
    spec,
    absent,
    removeVolumes: absent && deploy.removeVolumes === true,
    cluster,
    image: deploy.image,
    command: deploy.command ?? [],
    env: new Map(Object.entries(deploy.env)),
    ports: deploy.ports,
    restart: deploy.restart,
    resources: resourcesOf(deploy.resources),
    volumes: deploy.volumes,
    startFirst: deploy.replace === "start-first",
    rollback: deploy.rollback === "on-failure",
    waitForImageMs: deploy.waitForImageMs ?? 0,
    restore,
  } as const;
  if (absent) return common;
  const { base, recipe } = deploy.image === "base" ? image : {};
  return {
    ...common,
    ...(deploy.health === undefined ? {} : { health: healthOf(deploy.health) }),
    ...(base === undefined ? {} : { base }),
    ...(recipe === undefined ? {} : { recipe }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}

function healthOf({ http, tcp, command, port, ...times }: HealthSpec): DeployHealth {
  const at = port === undefined ? {} : { port };
  if (http !== undefined) return { probe: { kind: "http", path: http }, ...at, ...times };
  if (tcp === true) return { probe: { kind: "tcp" }, ...at, ...times };
  invariant(command !== undefined, "the health of a deploy has exactly one way to ask");
  return { probe: { kind: "command", argv: command }, ...times };
}

const unitBytes = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 } as const;

function resourcesOf({ cpu, memory, pids }: ResourcesSpec): DeployResources {
  return {
    ...(cpu === undefined ? {} : { cpuMillis: Math.max(1, Math.round(cpu * 1000)) }),
    ...(memory === undefined ? {} : { memoryBytes: bytesOf(memory) }),
    ...(pids === undefined ? {} : { pids }),
  };
}

/** @param size such as `512Mi`, as the schema checked it */
function bytesOf(size: string): number {
  const unit = size.slice(-2) as keyof typeof unitBytes;
  return Number(size.slice(0, -2)) * unitBytes[unit];
}
