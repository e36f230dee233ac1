/** The images of a worker as a test says they are, beside a container engine in memory. */

import type { BaseImage, Digest } from "@haversack/protocol";
import type { ImageChoice, ImageLease, Images, WantedImage } from "../images/images.ts";

export interface ScriptedImages extends Images {
  /** What was asked, such as `ensure` and `turnedOut absent`. */
  readonly calls: string[];
  /** Leases that were taken and have not ended. */
  readonly leases: Set<string>;
  /** Undefined: the base image is not here. */
  imageId: string | undefined;
  /** The image comes when somebody waits for it. */
  comesWhenWaited: string | undefined;
  /** Done by each `ensure`. */
  onEnsure: () => void;
  failFetch: Error | undefined;
}

export const wantedImage: WantedImage = {
  digest: `sha256:${"b".repeat(64)}` as Digest,
  ref: "base",
  stamp: "2026.11.1",
  identity: { id: "base-image", arch: "x64", stamp: "2026.11.1" },
};

/** @param imageOf what the engine calls a reference */
export function scriptedImages(imageOf: (ref: string) => string): ScriptedImages {
  const leases = new Set<string>();
  let taken = 0;
  const leaseOf = (digest: Digest, imageId: string): ImageLease => {
    const key = `${imageId} ${++taken}`;
    leases.add(key);
    return { digest, imageId, end: () => void leases.delete(key) };
  };
  const images: ScriptedImages = {
    calls: [],
    leases,
    imageId: undefined,
    comesWhenWaited: undefined,
    onEnsure: () => {},
    failFetch: undefined,
    baseFor: (base: BaseImage) => (base.arches.has("x64") ? wantedImage : undefined),
    async choose(image): Promise<ImageChoice> {
      images.calls.push("choose");
      if (images.imageId === undefined) return { kind: "build", why: "the image is absent" };
      return { kind: "image", lease: leaseOf(image.digest, images.imageId) };
    },
    ensure() {
      images.calls.push("ensure");
      images.onEnsure();
    },
    async ready(_image, withinMs) {
      images.calls.push(`ready ${withinMs}`);
      images.imageId ??= images.comesWhenWaited;
      return images.imageId !== undefined;
    },
    async fetchReference(ref) {
      images.calls.push(`fetch ${ref}`);
      if (images.failFetch !== undefined) throw images.failFetch;
      return leaseOf(ref.slice(ref.indexOf("@") + 1) as Digest, imageOf(ref));
    },
    resolveReference: async (ref) => `${ref}@sha256:${"f".repeat(64)}`,
    turnedOut: (_image, how) => void images.calls.push(`turnedOut ${how}`),
    wanted: () => {},
    order: async ({ id }) => ({ id, resumed: false }),
    permitted: () => {},
    statuses: () => [],
    leasesOf: (containers) =>
      void images.calls.push(`leasesOf ${containers.map(({ holder }) => holder).join(" ")}`),
  };
  return images;
}
