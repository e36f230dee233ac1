/** Images of Docker and Podman: looked for by identity, loaded from a file, removed. */

import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { messageOf } from "@haversack/base";
import { readFrames } from "../pull-frames.ts";
import type { ImageIdentity, ImagePresence, Runtime, StoredImage } from "../runtime.ts";
import { engineUnavailable, imageCorrupt, imageInUse, noSpace, unreadable } from "../runtime-faults.ts";
import { type Engine, engineCall, saidBy, statusOf } from "./engine.ts";
import { findImage, presenceOf, stampLabel, withAlgorithm } from "./find-image.ts";
import { listImages } from "./list-images.ts";
import { pullInto } from "./pull.ts";

type ImageVerbs = Pick<Runtime, "inspectImage" | "importImage" | "pullImage" | "removeImage" | "listImages">;
const chunkBytes = 256 * 1024;

export function imageVerbs(engine: Engine): ImageVerbs {
  return {
    inspectImage: async (image, signal) => {
      try {
        return await presenceOf(engine, image, signal);
      } catch (error) {
        return { kind: "unknown", why: messageOf(error) };
      }
    },
    importImage: async (file, image, onProgress, signal) =>
      await importInto(engine, { file, image, onProgress }, signal),
    pullImage: async (pull, onProgress, signal) => {
      await pullInto(engine, pull, onProgress, signal);
    },
    removeImage: async (image, signal) => await removeFrom(engine, image, signal),
    listImages: async (signal) => await listOf(engine, signal),
  };
}

interface Import {
  readonly file: string;
  readonly image: ImageIdentity;
  readonly onProgress: (bytes: number) => void;
}

/** Reads while the engine does; the bytes that are told are those that it took. */
async function importInto(
  engine: Engine,
  { file, image, onProgress }: Import,
  signal: AbortSignal,
): Promise<void> {
  const before = await storedIds(engine, signal);
  const source = Readable.from(counted(file, onProgress), { objectMode: false });
  try {
    const told = await engineCall("loading the image", signal, async () => {
      try {
        const answer = await engine.docker.loadImage(source, { abortSignal: signal, quiet: false });
        return await readToEnd(answer as Readable);
      } catch (error) {
        if (statusOf(error) === undefined) throw error;
        return { error: saidBy(error), loaded: [] };
      }
    });
    const presence = await presenceOf(engine, image, signal);
    const strange = told.loaded.filter((id) => id !== image.id && id !== image.otherId && !before.has(id));
    await removeStrange(engine, strange, signal);
    if (presence.kind === "present") return;
    throw importError(image, presence, told.error);
  } finally {
    source.destroy();
  }
}

async function storedIds(engine: Engine, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const stored = await listImages(engine, {}, signal);
  return new Set(stored.map(({ Id }) => withAlgorithm(Id)));
}

async function* counted(file: string, onProgress: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes })) {
      bytes += (chunk as Buffer).length;
      yield chunk as Buffer;
      onProgress(bytes);
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

interface Told {
  readonly error: string | undefined;
  /** Ids of what it says that it took. */
  readonly loaded: readonly string[];
}

async function readToEnd(answer: Readable): Promise<Told> {
  const loaded: string[] = [];
  let error: string | undefined;
  for await (const line of readFrames(answer)) {
    if (line.kind === "error") error = line.message;
    else
      loaded.push(...(/^Loaded image.*?((?:sha256:)?[0-9a-f]{64})/.exec(line.frame.status)?.slice(1) ?? []));
  }
  return { error, loaded: loaded.map(withAlgorithm) };
}

/** The file held another image than was said: it has no name, and nobody asked for it. */
async function removeStrange(engine: Engine, ids: readonly string[], signal: AbortSignal): Promise<void> {
  for (const id of ids) {
    const found = await findImage(engine, id, signal);
    const names = [...(found?.RepoTags ?? []), ...(found?.RepoDigests ?? [])];
    if (found !== undefined && names.length === 0) await removeById(engine, id, signal).catch(() => {});
  }
}

function importError(image: ImageIdentity, presence: ImagePresence, said: string | undefined): Error {
  if (/no space left|disk quota exceeded/i.test(said ?? "")) return noSpace(said ?? "");
  if (presence.kind === "unknown") return engineUnavailable(presence.why);
  if (presence.kind === "wrong")
    return imageCorrupt("wrong_platform", `${image.id} was loaded: ${presence.why}`);
  const why = said === undefined ? "the file holds another image" : `the engine says: ${said.slice(0, 500)}`;
  return imageCorrupt("import_failed", `after the import there is no image ${image.id}: ${why}`);
}

/** Names first: an engine removes no image that has several, unless it is forced, and then it takes containers along. */
async function removeFrom(engine: Engine, image: ImageIdentity, signal: AbortSignal): Promise<void> {
  const presence = await presenceOf(engine, image, signal);
  const ids = presence.kind === "wrong" ? [image.id] : presence.kind === "present" ? [presence.id] : [];
  for (const id of ids) {
    const used = await idsInUse(engine, signal);
    const found = await findImage(engine, id, signal);
    if (found === undefined) return;
    if (used.has(withAlgorithm(found.Id))) throw imageInUse(image.id);
    const names = found.RepoTags ?? [];
    for (const name of names.slice(0, -1)) await removeById(engine, name, signal);
    await removeById(engine, found.Id, signal);
  }
}

async function removeById({ docker }: Engine, id: string, signal: AbortSignal): Promise<void> {
  await engineCall(`removing image ${id}`, signal, async () => {
    try {
      await docker.getImage(id).remove({ abortSignal: signal });
    } catch (error) {
      if (statusOf(error) === 409 && /in use|used by|using its/i.test(String(error)))
        throw imageInUse(id, error);
      if (statusOf(error) !== 404) throw error;
    }
  });
}

async function idsInUse({ docker }: Engine, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const all = await engineCall("listing containers", signal, () =>
    docker.listContainers({ all: true, abortSignal: signal }),
  );
  return new Set(all.map(({ ImageID }) => withAlgorithm(ImageID)));
}

async function listOf(engine: Engine, signal: AbortSignal): Promise<readonly StoredImage[]> {
  const stored = await listImages(engine, { label: [stampLabel] }, signal);
  const used = await idsInUse(engine, signal);
  return stored.map(({ Id, Labels, Created }) => {
    const stamp = (Labels as Record<string, string> | null)?.[stampLabel];
    return {
      id: withAlgorithm(Id),
      ...(stamp !== undefined && { stamp }),
      createdAt: Created * 1000,
      inUse: used.has(withAlgorithm(Id)),
    };
  });
}
