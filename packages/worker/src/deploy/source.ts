/** From what a container is started, once the path is chosen: an image that is present and leased. */

import { FaultError } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import type { ImageLease, WantedImage } from "../images/images.ts";
import type { Origin } from "./labels.ts";
import type { Deploy } from "./parts.ts";
import type { Proven } from "./proof.ts";
import { checkRecipe } from "./provision.ts";

export interface Source {
  readonly kind: "base" | "build" | "reference";
  readonly lease: ImageLease;
  readonly origin: Origin;
  /** What the container must be made of; absent: it is somebody else's image. */
  readonly proof?: Proven;
  /** Of the base image. */
  readonly wanted?: WantedImage;
}

export function baseSource(deploy: Deploy, wanted: WantedImage, lease: ImageLease): Source {
  const { base, recipe } = deploy.work;
  const digest = base?.recipe ?? recipe?.digest ?? wanted.digest;
  return {
    kind: "base",
    lease,
    wanted,
    origin: { path: "image", imageDigest: wanted.digest, stamp: wanted.stamp },
    proof: { recipe: digest, stamp: wanted.stamp, arch: deploy.info.arch },
  };
}

const noRecipe =
  "there is neither a base image here nor a recipe to build one: start the coordinator with --images FILE of a release, or with --image-recipe FILE; or name an image by its digest";

/** Fetches the image that the recipe starts from, if it is not here. Rejects with that fetch's fault. */
export async function buildSource(deploy: Deploy): Promise<Source> {
  const { work, info, phases, settings } = deploy;
  const { recipe, base } = work;
  if (recipe === undefined) throw new FaultError("invalid", "no_recipe", noRecipe);
  checkRecipe(recipe);
  const start = settings.fallbackImage ?? recipe.fallbackImage;
  if (!info.canPull && !imageId.test(start)) throw noFallback(info.kind, start);
  const lease = await phases.during("pull", () => fetchImage(deploy, start));
  const stamp = base?.stamp;
  return {
    kind: "build",
    lease,
    origin: { path: "build", imageDigest: lease.digest, ...(stamp !== undefined && { stamp }) },
    proof: { recipe: recipe.digest, arch: info.arch, ...(stamp !== undefined && { stamp }) },
  };
}

export async function referenceSource(deploy: Deploy): Promise<Source> {
  const { work, phases } = deploy;
  const lease = await phases.during("pull", () => fetchImage(deploy, work.image));
  return { kind: "reference", lease, origin: { path: "image", imageDigest: lease.digest } };
}

function noFallback(engine: string, start: string): FaultError {
  const message = `there is nothing to build from: ${engine} fetches no images from registries, such as ${start}; import a plain Debian as a file and set HAVERSACK_DEPLOY_FALLBACK_IMAGE of this worker to its fingerprint (docs/operations.md, "LXD and Incus"), or have the base image here first: \`haversack images pull\`, or a deploy with --wait-for-image`;
  return new FaultError("invalid", "no_fallback_image", message);
}

/** Of Docker and Podman, and of LXD and Incus. */
const imageId = /^(?:sha256:)?([0-9a-f]{64})$/;

async function fetchImage(deploy: Deploy, ref: string): Promise<ImageLease> {
  const { images, attempt, signal, note } = deploy;
  const [, hex] = imageId.exec(ref) ?? [];
  if (hex !== undefined) return await present(deploy, ref, `sha256:${hex}` as Digest);
  if (ref.includes("@sha256:")) return await images.fetchReference(ref, attempt, signal);
  const pinned = await images.resolveReference(ref, signal);
  note(`${ref} is ${pinned} now; a reference by digest in its place would always mean the same`);
  return await images.fetchReference(pinned, attempt, signal);
}

/** Of an engine that got its images by hand: nothing is fetched, and nobody keeps it from being removed. */
async function present({ runtime, info, signal }: Deploy, id: string, digest: Digest): Promise<ImageLease> {
  const found = await runtime.inspectImage({ id, arch: info.arch }, signal);
  if (found.kind === "present") return { digest, imageId: found.id, end: () => {} };
  if (found.kind === "unknown") throw new FaultError("unavailable", "engine_unavailable", found.why);
  const why = found.kind === "wrong" ? found.why : "it is not there";
  const message = `the image ${id}: ${why}; an image id names what is loaded already, so load or import it, or correct HAVERSACK_DEPLOY_FALLBACK_IMAGE if it comes from there; a reference by digest is fetched`;
  throw new FaultError("missing", "image_not_loaded", message);
}
