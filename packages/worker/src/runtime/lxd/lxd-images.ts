/**
 * Images of LXD and Incus. Their identity is the sha256 of the file, all 64 digits compared by us: the engine also answers
 * for the beginning of a fingerprint.
 */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { FaultError, messageOf } from "@haversack/base";
import type { ImageIdentity, ImagePresence, Runtime, StoredImage } from "../runtime.ts";
import { engineUnavailable, imageCorrupt, imageInUse, refused, unreadable } from "../runtime-faults.ts";
import { archOf, imageForm, imagesForm, instancesForm, type LxdImage } from "./answers.ts";
import type { LxdClient } from "./lxd-client.ts";

type ImageVerbs = Pick<Runtime, "inspectImage" | "importImage" | "pullImage" | "removeImage" | "listImages">;

const stampProperty = "haversack.stamp";
const fingerprintForm = /^(?:sha256:)?([0-9a-f]{64})$/;

export function fingerprintOf(id: string): string | undefined {
  return fingerprintForm.exec(id)?.[1];
}

export function lxdImages(client: LxdClient): ImageVerbs {
  const inspectImage: Runtime["inspectImage"] = async (image, signal) => {
    const fingerprint = fingerprintOf(image.id);
    if (fingerprint === undefined) return { kind: "absent" };
    try {
      const path = `/1.0/images/${fingerprint}`;
      const found = imageForm.parse(await client.get(path, { image: image.id }, signal));
      return presenceOf(found, fingerprint, image);
    } catch (error) {
      if (error instanceof FaultError && error.fault === "missing") return { kind: "absent" };
      return { kind: "unknown", why: messageOf(error) };
    }
  };
  return {
    inspectImage,
    async importImage(file, image, onProgress, signal) {
      const fingerprint = fingerprintOf(image.id);
      if (fingerprint === undefined) {
        throw refused(
          `${image.id} is no fingerprint; expected the 64 hexadecimal digits of the file's sha256`,
        );
      }
      if (isThere(await inspectImage(image, signal), image)) return;
      try {
        await upload(client, { file, fingerprint, onProgress }, signal);
      } catch (error) {
        // Somebody else may have brought it in meanwhile: what is there counts.
        if (signal.aborted || !isThere(await inspectImage(image, signal), image)) throw error;
        return;
      }
      await confirmImport(client, image, await inspectImage(image, signal), signal);
    },
    async pullImage({ ref }) {
      throw refused(`it takes no image from a registry (${ref}); it imports files`);
    },
    async removeImage(image, signal) {
      const fingerprint = fingerprintOf(image.id);
      if (fingerprint === undefined || (await inspectImage(image, signal)).kind === "absent") return;
      if ((await usedImages(client, signal)).has(fingerprint)) throw imageInUse(image.id);
      await removeIfThere(client, fingerprint, signal);
    },
    listImages: (signal) => listOurs(client, signal),
  };
}

function presenceOf(found: LxdImage, fingerprint: string, image: ImageIdentity): ImagePresence {
  if (found.fingerprint !== fingerprint) return { kind: "absent" };
  const arch = archOf(found.architecture);
  if (arch !== image.arch) return { kind: "wrong", why: `its architecture is ${arch}, not ${image.arch}` };
  const stamp = found.properties?.[stampProperty];
  if (image.stamp !== undefined && stamp !== image.stamp) {
    return { kind: "wrong", why: `its stamp is ${stamp ?? "missing"}, not ${image.stamp}` };
  }
  return { kind: "present", id: fingerprint };
}

/** Rejects with `corrupt` when it is there and is another than was meant. */
function isThere(presence: ImagePresence, image: ImageIdentity): boolean {
  if (presence.kind === "wrong") throw wrongImage(image, presence.why);
  if (presence.kind === "unknown") throw engineUnavailable(presence.why);
  return presence.kind === "present";
}

const wrongImage = (image: ImageIdentity, why: string): FaultError =>
  imageCorrupt("corrupt", `image ${image.id} is not what it should be: ${why}`);

/** After an import that succeeded. What turns out wrong was brought in by us, so it goes again. */
async function confirmImport(
  client: LxdClient,
  image: ImageIdentity,
  presence: ImagePresence,
  signal: AbortSignal,
): Promise<void> {
  if (presence.kind === "absent") {
    throw imageCorrupt("import_failed", `the engine took the file, and has no image ${image.id} after it`);
  }
  if (presence.kind === "wrong") await removeIfThere(client, fingerprintOf(image.id) ?? image.id, signal);
  isThere(presence, image);
}

interface Upload {
  readonly file: string;
  readonly fingerprint: string;
  readonly onProgress: (bytes: number) => void;
}

/** The engine tells no progress of its own: what was handed over is counted. */
async function upload(
  client: LxdClient,
  { file, fingerprint, onProgress }: Upload,
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Length": size,
    // With it the engine compares, and refuses a file that is cut or altered. Each reads its own.
    "X-LXD-fingerprint": fingerprint,
    "X-Incus-fingerprint": fingerprint,
    "X-LXD-public": "0",
    "X-Incus-public": "0",
  };
  const body = Readable.from(counted(createReadStream(file, { signal }), onProgress));
  const change = { method: "POST", path: "/1.0/images", upload: { headers, body } } as const;
  await client.change(change, { image: fingerprint }, signal);
}

async function* counted(
  parts: AsyncIterable<Buffer>,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const part of parts) {
    yield part;
    sent += part.length;
    onProgress(sent);
  }
}

async function removeIfThere(client: LxdClient, fingerprint: string, signal: AbortSignal): Promise<void> {
  try {
    const change = { method: "DELETE", path: `/1.0/images/${fingerprint}` } as const;
    await client.change(change, { image: fingerprint }, signal);
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault !== "missing") throw error;
  }
}

/** The engine itself deletes an image under a container without a word. */
async function usedImages(client: LxdClient, signal: AbortSignal): Promise<Set<string | undefined>> {
  const answer = await client.get("/1.0/instances?recursion=1", {}, signal);
  const instances = instancesForm.parse(answer);
  return new Set(instances.map(({ expanded_config }) => expanded_config["volatile.base_image"]));
}

async function listOurs(client: LxdClient, signal: AbortSignal): Promise<readonly StoredImage[]> {
  const answer = await client.get("/1.0/images?recursion=1", {}, signal);
  const ours = imagesForm.parse(answer).filter(({ properties }) => properties?.[stampProperty]);
  const used = await usedImages(client, signal);
  return ours.map(({ fingerprint, properties, created_at: created }) => {
    const stamp = properties?.[stampProperty];
    const createdAt = created === undefined ? Number.NaN : Date.parse(created);
    return {
      id: fingerprint,
      inUse: used.has(fingerprint),
      ...(stamp === undefined ? {} : { stamp }),
      ...(Number.isNaN(createdAt) ? {} : { createdAt }),
    };
  });
}
