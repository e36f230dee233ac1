/** The images of the container engine in memory. */

import { stat } from "node:fs/promises";
import { messageOf } from "@haversack/base";
import type { ImageIdentity, ImagePresence, Runtime } from "../runtime/runtime.ts";
import { digestOfRef } from "../runtime/runtime.ts";
import { imageCorrupt, imageInUse, unreadable } from "../runtime/runtime-faults.ts";
import type { FakeEngine, FakeImage } from "./fake-engine.ts";

type ImageVerbs = Pick<Runtime, "inspectImage" | "importImage" | "pullImage" | "removeImage" | "listImages">;

export function imageVerbs(engine: FakeEngine): ImageVerbs {
  const { images } = engine;
  const usersOf = ({ id, otherId }: FakeImage) =>
    [...engine.containers.values()].filter(({ spec }) => spec.image === id || spec.image === otherId);
  return {
    inspectImage: async (identity, signal) => {
      try {
        await engine.enter("inspectImage", identity.id, signal);
      } catch (error) {
        return { kind: "unknown", why: messageOf(error) };
      }
      return presenceOf(identity, find(images, identity));
    },
    importImage: async (file, identity, onProgress, signal) => {
      await engine.enter("importImage", identity.id, signal, (told) => onProgress(told as number));
      const { size } = await stat(file).catch((error: unknown) => {
        throw unreadable(file, error);
      });
      onProgress(size);
      if (find(images, identity) === undefined) images.set(identity.id, asImage(engine, identity));
      settle(images, identity);
    },
    pullImage: async (pull, onProgress, signal) => {
      await engine.enter("pullImage", pull.ref, signal, (told) => onProgress(told as never));
      const identity = { id: digestOfRef(pull.ref), otherId: pull.ref, arch: pull.arch };
      if (find(images, identity) === undefined) images.set(identity.id, asImage(engine, identity));
      settle(images, identity);
    },
    removeImage: async (identity, signal) => {
      await engine.enter("removeImage", identity.id, signal);
      const found = find(images, identity);
      if (found === undefined) return;
      if (usersOf(found).length > 0) throw imageInUse(identity.id);
      images.delete(found.id);
    },
    listImages: async (signal) => {
      await engine.enter("listImages", "", signal);
      return [...images.values()].map((image) => ({ ...image, inUse: usersOf(image).length > 0 }));
    },
  };
}

export function find(
  images: ReadonlyMap<string, FakeImage>,
  { id, otherId }: Pick<ImageIdentity, "id" | "otherId">,
): FakeImage | undefined {
  const names = [id, otherId].filter((name) => name !== undefined);
  return [...images.values()].find(
    (image) => names.includes(image.id) || names.includes(image.otherId ?? ""),
  );
}

function asImage(engine: FakeEngine, { id, otherId, arch, stamp }: ImageIdentity): FakeImage {
  return {
    id,
    arch,
    ...(otherId !== undefined && { otherId }),
    ...(stamp !== undefined && { stamp }),
    createdAt: engine.clock.now(),
  };
}

function presenceOf(identity: ImageIdentity, found: FakeImage | undefined): ImagePresence {
  if (found === undefined) return { kind: "absent" };
  if (found.arch !== identity.arch) return { kind: "wrong", why: `its architecture is ${found.arch}` };
  if (identity.stamp !== undefined && found.stamp !== identity.stamp) {
    return { kind: "wrong", why: `its stamp is ${found.stamp ?? "missing"}` };
  }
  return { kind: "present", id: found.id };
}

function settle(images: ReadonlyMap<string, FakeImage>, identity: ImageIdentity): void {
  const presence = presenceOf(identity, find(images, identity));
  if (presence.kind === "wrong") throw imageCorrupt("corrupt", presence.why);
}
