/**
 * Asks a registry for the manifest of a reference by digest, before an engine pulls it: names the fault, and says how
 * large the layers are. Credentials go to the registry, and to the place that it names for tokens; never along a redirect
 * to another host, never over plain HTTP but to this host itself.
 */

import { createHash } from "node:crypto";
import { FaultError, isLoopback } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import { PullError } from "./pull-faults.ts";
import { type Credentials, openAnswer, type RegistryFetch } from "./registry-answer.ts";
import type { LayerSize } from "./runtime.ts";

export interface ResolvedReference {
  readonly manifestDigest: Digest;
  /** The image's id, for an engine that names images by it. */
  readonly configDigest: Digest;
  /** In the manifest's order. */
  readonly layers: readonly LayerSize[];
}

export interface ReferenceQuestion {
  /** `HOST[:PORT]/NAME@sha256:…` */
  readonly ref: string;
  /** `x64` or `arm64`. */
  readonly arch: string;
  readonly credentials?: Credentials;
}

interface Repository {
  readonly host: string;
  readonly name: string;
  readonly digest: Digest;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture?: string; readonly os?: string; readonly variant?: string };
}

const indexes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const manifests = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
/** What a registry calls it. */
export const ociArch: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Rejects with PullError, `invalid` for what is no reference, or the signal's reason. */
export async function resolveReference(
  question: ReferenceQuestion,
  fetch: RegistryFetch,
  signal: AbortSignal,
): Promise<ResolvedReference> {
  const repository = parseReference(question.ref);
  const asked = await askFor(repository, question, fetch, signal);
  const first = await asked("manifests", repository.digest);
  const isIndex = Array.isArray(first["manifests"]);
  const digest = isIndex ? forArch(first, question) : repository.digest;
  const manifest = isIndex ? await asked("manifests", digest) : first;
  const config = descriptor(manifest["config"], question.ref);
  if (!isIndex) expectArch(await asked("blobs", config.digest), question);
  const layers = listOf(manifest["layers"]).map((layer) => descriptor(layer, question.ref));
  return {
    manifestDigest: digest as Digest,
    configDigest: config.digest as Digest,
    layers: layers.map(({ digest, size }) => ({ digest: digest as Digest, size })),
  };
}

function parseReference(ref: string): Repository {
  const [, host, name, digest] =
    /^([\w.:[\]-]+)\/([\w./-]+?)(?::[\w.-]+)?@(sha256:[0-9a-f]{64})$/.exec(ref) ?? [];
  if (host === undefined || name === undefined || digest === undefined) {
    const message = `${JSON.stringify(ref)} is no reference by digest: expected HOST[:PORT]/NAME@sha256:… with 64 hexadecimal digits`;
    throw new FaultError("invalid", "bad_reference", message);
  }
  return { host: host === "docker.io" ? "registry-1.docker.io" : host, name, digest: digest as Digest };
}

type Ask = (kind: "manifests" | "blobs", digest: string) => Promise<Record<string, unknown>>;

/** Of a registry on this host it may be that it speaks no TLS; whoever answers first is asked for the rest. */
async function askFor(
  { host, name }: Repository,
  { ref, credentials }: ReferenceQuestion,
  fetch: RegistryFetch,
  signal: AbortSignal,
): Promise<Ask> {
  const speaker = (scheme: string): Ask => {
    const ask = openAnswer({ ref, credentials, accept: [...indexes, ...manifests] }, fetch, signal);
    return async (kind, digest) => {
      const bytes = await ask(new URL(`${scheme}://${host}/v2/${name}/${kind}/${digest}`));
      return documentOf(bytes, digest, ref);
    };
  };
  const secure = speaker("https");
  if (!isLoopback(new URL(`https://${host}`).hostname.replace(/^\[|\]$/g, ""))) return secure;
  const plain = speaker("http");
  let chosen: Ask | undefined;
  return async (kind, digest) => {
    if (chosen !== undefined) return await chosen(kind, digest);
    try {
      const said = await secure(kind, digest);
      chosen = secure;
      return said;
    } catch (error) {
      if (!(error instanceof PullError) || !["tls", "network"].includes(error.code)) throw error;
      chosen = plain;
      return await plain(kind, digest);
    }
  };
}

function documentOf(bytes: Uint8Array, digest: string, ref: string): Record<string, unknown> {
  const is = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (is !== digest) {
    throw new PullError("checksum", `the registry of ${ref} sent ${is} when it was asked for ${digest}`);
  }
  try {
    const said: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof said === "object" && said !== null) return said as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new PullError("protocol", `what the registry of ${ref} holds as ${digest} is no manifest`);
}

function forArch(index: Record<string, unknown>, { ref, arch }: ReferenceQuestion): string {
  const all = listOf(index["manifests"]).map((each) => descriptor(each, ref));
  const wanted = ociArch[arch] ?? arch;
  const found = all.find(
    ({ platform }) => platform?.architecture === wanted && (platform.os ?? "linux") === "linux",
  );
  if (found !== undefined) return found.digest;
  const has = all.map(({ platform }) => `${platform?.os ?? "?"}/${platform?.architecture ?? "?"}`);
  const message = `${ref} has no image for linux/${wanted}, only for ${has.join(", ") || "nothing"}`;
  throw new PullError("wrong_platform", message);
}

function expectArch(config: Record<string, unknown>, { ref, arch }: ReferenceQuestion): void {
  const wanted = ociArch[arch] ?? arch;
  const is = config["architecture"];
  if (is === wanted) return;
  throw new PullError(
    "wrong_platform",
    `${ref} is an image for ${String(is)}, and linux/${wanted} is wanted`,
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function descriptor(value: unknown, ref: string): Descriptor {
  const said = (typeof value === "object" && value !== null ? value : {}) as Partial<Descriptor>;
  if (typeof said.digest === "string" && typeof said.size === "number" && said.size >= 0) {
    return { ...said, digest: said.digest, size: said.size };
  }
  throw new PullError("protocol", `the manifest of ${ref} names something without digest or size`);
}
