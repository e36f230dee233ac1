/** By what containers of ours are known: their name and their labels. Pure. */

import type { DeployWork, Digest } from "@haversack/protocol";
import type { ContainerView } from "../runtime/container.ts";

const digestForm = /^sha256:[0-9a-f]{64}$/;

export const containerName = (name: string, revision: number): string => `hv-${name}-${revision}`;

/** From what a container was started. */
export interface Origin {
  readonly path: "image" | "build";
  readonly imageDigest: Digest;
  readonly stamp?: string;
}

/** What the labels of a container of ours say. */
export interface Identity {
  readonly cluster: string;
  readonly name: string;
  readonly revision: number;
  readonly spec: Digest;
  readonly worker: string;
  /** Which attempt made it, such as `RUN/STEP.ATTEMPT`. */
  readonly attempt: string;
  /** It needs files that are gone after a restart of the host. */
  readonly hasSecrets: boolean;
  readonly origin: Origin;
}

export interface Deployed extends Identity {
  readonly view: ContainerView;
}

export function labelsOf(identity: Identity): ReadonlyMap<string, string> {
  const { origin } = identity;
  return new Map([
    ["haversack.cluster", identity.cluster],
    ["haversack.deployment", identity.name],
    ["haversack.revision", String(identity.revision)],
    ["haversack.spec", identity.spec],
    ["haversack.attempt", identity.attempt],
    ["haversack.worker", identity.worker],
    ["haversack.path", origin.path],
    ["haversack.image", origin.imageDigest],
    ...(origin.stamp === undefined ? [] : ([["haversack.stamp", origin.stamp]] as const)),
    ...(identity.hasSecrets ? ([["haversack.secrets", "1"]] as const) : []),
  ]);
}

/** Undefined: not one of ours, or labelled by somebody who does not know how. */
export function readLabels(view: ContainerView): Deployed | undefined {
  const label = (name: string): string => view.labels.get(`haversack.${name}`) ?? "";
  const revision = Number(label("revision"));
  const [spec, imageDigest, stamp, path] = [label("spec"), label("image"), label("stamp"), label("path")];
  if (label("cluster") === "" || label("deployment") === "" || label("worker") === "") return undefined;
  if (!Number.isSafeInteger(revision) || revision < 1) return undefined;
  if (!digestForm.test(spec) || !digestForm.test(imageDigest)) return undefined;
  if (path !== "image" && path !== "build") return undefined;
  return {
    cluster: label("cluster"),
    name: label("deployment"),
    revision,
    spec: spec as Digest,
    worker: label("worker"),
    attempt: label("attempt"),
    hasSecrets: label("secrets") === "1",
    origin: { path, imageDigest: imageDigest as Digest, ...(stamp !== "" && { stamp }) },
    view,
  };
}

/** Which container a task is about. */
export interface Wanted {
  readonly cluster: string;
  readonly name: string;
  readonly revision: number;
  readonly spec: Digest;
  readonly worker: string;
}

/** It was made for the very same thing: an attempt that crashed after it made it left it to the next one. */
export const isTheSame = (found: Deployed, wanted: Wanted): boolean =>
  found.cluster === wanted.cluster &&
  found.name === wanted.name &&
  found.revision === wanted.revision &&
  found.spec === wanted.spec &&
  found.worker === wanted.worker;

export const wantedOf = ({ cluster, name, revision, spec }: DeployWork, worker: string): Wanted => ({
  cluster,
  name,
  revision,
  spec,
  worker,
});

/** Who uses which image. */
export const holdersOf = (
  views: readonly ContainerView[],
): readonly { readonly holder: string; readonly imageId: string }[] =>
  views.map(({ name, image }) => ({ holder: name, imageId: image }));
