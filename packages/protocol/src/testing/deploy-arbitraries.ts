/** Images and deployments, as workers and coordinators tell each other of them. */

import * as fc from "fast-check";
import { type BaseImage, type BaseImageFile, type ContainerEngine } from "../model/base-image.ts";
import {
  type DeployHealth,
  type DeploymentReport,
  type DeployWork,
  deployEffects,
  deployPhases,
} from "../model/deployment.ts";
import {
  containerStates,
  type DeploymentLogOrder,
  type ObservedDeployment,
  type ObservedDeployments,
  type UnwantedContainer,
} from "../model/deployment-info.ts";
import { type ImageStatus, imageArches, imageStates } from "../model/image.ts";
import { type ImageAnswer, type ImageOrder } from "../model/image-order.ts";
import { prefetchPolicies } from "../model/prefetch-policy.ts";
import type { SnapshotDescriptor } from "../model/snapshot-descriptor.ts";
import { bytes, digest, exitCode, mapOf, size, small, text, time } from "./basic-arbitraries.ts";

/** What stands for "absent" on the wire is never there. */
const told = text.filter((value) => value !== "");
const positive = size.filter((value) => value > 0);
const count = small.filter((value) => value > 0);

const progress = fc.record(
  {
    unit: fc.constantFrom("none" as const, "bytes" as const, "layers" as const),
    done: size,
    total: size,
    percent: fc.nat(100),
    bytesPerSecond: size,
    etaSeconds: small,
  },
  { requiredKeys: ["unit"] },
);

export const imageStatus: fc.Arbitrary<ImageStatus> = fc.record(
  {
    digest,
    ref: text,
    stamp: told,
    arch: fc.constantFrom(...imageArches),
    state: fc.constantFrom(...imageStates),
    why: told,
    attempt: small,
    method: fc.constantFrom("import" as const, "pull" as const),
    cause: fc.constantFrom("deploy" as const, "operator" as const, "eager" as const),
    asked: fc.array(text),
    progress,
    failure: fc.record(
      { code: text, message: text, hint: text, retryAt: time },
      { requiredKeys: ["code", "message", "hint"] },
    ),
    cancelledBy: told,
    seq: size,
    since: time,
  },
  { requiredKeys: ["digest", "ref", "state", "attempt", "asked", "seq", "since"] },
);

export const engine: fc.Arbitrary<ContainerEngine> = fc.record(
  {
    kind: fc.constantFrom("docker" as const, "podman" as const, "lxd" as const),
    version: text,
    arch: text,
    unavailable: told,
    copyOnWrite: fc.boolean(),
    prefetch: fc.constantFrom(...prefetchPolicies),
    prefetchSource: text,
  },
  { requiredKeys: ["kind", "version", "arch", "copyOnWrite", "prefetch", "prefetchSource"] },
);

const file: fc.Arbitrary<BaseImageFile> = fc.record(
  { urls: fc.array(text), sha256: digest, size, unpacked: size, imageId: told, manifestDigest: told },
  { requiredKeys: ["urls", "sha256", "size", "unpacked"] },
);

export const baseImage: fc.Arbitrary<BaseImage> = fc.record({
  stamp: text,
  recipe: digest,
  arches: mapOf(fc.record({ oci: file, lxd: file, ref: told }, { requiredKeys: [] })),
});

export const imageOrder: fc.Arbitrary<ImageOrder> = fc.record({
  id: size,
  ref: text,
  order: fc.oneof(
    fc.record({ kind: fc.constant("pull" as const), digest, by: text }, { requiredKeys: ["kind", "by"] }),
    fc.record({ kind: fc.constant("cancel" as const), by: text }),
    fc.record({ kind: fc.constant("look" as const) }),
  ),
});

export const imageAnswer: fc.Arbitrary<ImageAnswer> = fc.record(
  { id: size, resumed: fc.boolean(), status: imageStatus, refusal: fc.record({ code: told, message: text }) },
  { requiredKeys: ["id", "resumed"] },
);

const health: fc.Arbitrary<DeployHealth> = fc.record(
  {
    probe: fc.oneof(
      fc.record({ kind: fc.constant("http" as const), path: text }),
      fc.record({ kind: fc.constant("tcp" as const) }),
      fc.record({ kind: fc.constant("command" as const), argv: fc.array(text) }),
    ),
    port: count,
    intervalMs: size,
    timeoutMs: size,
    withinMs: size,
  },
  { requiredKeys: ["probe", "intervalMs", "timeoutMs", "withinMs"] },
);

export const snapshot: fc.Arbitrary<SnapshotDescriptor> = fc.record(
  { formatVersion: small, digest, compressedSize: size, uncompressedSize: size, gzip: bytes },
  { requiredKeys: ["formatVersion", "digest", "compressedSize", "uncompressedSize"] },
);

const deployWorkRequired = [
  "kind",
  "name",
  "revision",
  "spec",
  "absent",
  "removeVolumes",
  "cluster",
  "image",
  "command",
  "env",
  "ports",
  "restart",
  "resources",
  "volumes",
  "startFirst",
  "rollback",
  "waitForImageMs",
  "restore",
] as const satisfies (keyof DeployWork)[];

export const deployWork: fc.Arbitrary<DeployWork> = fc.record(
  {
    kind: fc.constant("deploy" as const),
    name: text,
    revision: size,
    replaces: positive,
    spec: digest,
    absent: fc.boolean(),
    removeVolumes: fc.boolean(),
    cluster: text,
    image: text,
    command: fc.array(text),
    env: mapOf(text),
    ports: fc.array(small),
    health,
    restart: fc.constantFrom("always" as const, "on-failure" as const, "never" as const),
    resources: fc.record({ cpuMillis: count, memoryBytes: positive, pids: count }, { requiredKeys: [] }),
    volumes: fc.array(fc.record({ name: text, path: text, readOnly: fc.boolean() })),
    startFirst: fc.boolean(),
    rollback: fc.boolean(),
    waitForImageMs: size,
    base: baseImage,
    recipe: fc.record({ digest, script: bytes, fallbackImage: text }),
    restore: fc.boolean(),
    snapshot,
  },
  { noNullPrototype: true, requiredKeys: deployWorkRequired },
);

export const deploymentReport: fc.Arbitrary<DeploymentReport> = fc.record(
  {
    name: text,
    revision: size,
    spec: digest,
    effect: fc.constantFrom(...deployEffects),
    container: told,
    engine: text,
    path: fc.constantFrom("image" as const, "build" as const),
    reason: text,
    imageDigest: digest,
    stamp: told,
    fellBack: fc.boolean(),
    phases: fc.array(fc.record({ name: fc.constantFrom(...deployPhases), ms: size })),
    host: text,
    ports: fc.array(fc.record({ containerPort: small, address: text, hostPort: small })),
    failures: fc.array(text),
  },
  {
    requiredKeys: [
      "name",
      "revision",
      "spec",
      "effect",
      "engine",
      "reason",
      "fellBack",
      "phases",
      "host",
      "ports",
      "failures",
    ],
  },
);

const observedOne: fc.Arbitrary<ObservedDeployment> = fc.record(
  {
    name: told,
    revision: size,
    spec: digest,
    container: text,
    state: fc.constantFrom(...containerStates),
    exitCode,
    lastLines: told,
    startedAt: time,
    healthy: fc.boolean(),
    busy: fc.boolean(),
  },
  { requiredKeys: ["name", "revision", "spec", "container", "state", "busy"] },
);

export const observed: fc.Arbitrary<ObservedDeployments> = fc.record(
  { deployments: fc.array(observedOne), unavailable: told },
  { requiredKeys: ["deployments"] },
);

export const unwanted: fc.Arbitrary<UnwantedContainer> = fc.record({
  name: text,
  revision: size,
  container: text,
});

export const logOrder: fc.Arbitrary<DeploymentLogOrder> = fc.record({
  id: size,
  name: text,
  revision: size,
  tail: small,
  follow: fc.boolean(),
  end: fc.boolean(),
});
