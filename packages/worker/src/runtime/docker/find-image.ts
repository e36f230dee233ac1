/** An image of Docker or Podman, looked for by its identity. */

import type Dockerode from "dockerode";
import type { ImageIdentity, ImagePresence } from "../runtime.ts";
import { archOf } from "./dialect.ts";
import { type Engine, engineCall, readJson, statusOf } from "./engine.ts";

/** Of the images that are ours. */
export const stampLabel = "haversack.stamp";

const whole = /sha256:[0-9a-f]{64}$/;

/** Undefined: it has none of this name. */
export async function findImage(
  { docker }: Engine,
  name: string,
  signal: AbortSignal,
): Promise<Dockerode.ImageInspectInfo | undefined> {
  return await engineCall(`looking for image ${name}`, signal, async () => {
    try {
      return await readJson<Dockerode.ImageInspectInfo>(docker, `/images/${name}/json`, signal);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

/** An engine finds an image by a part of its id as well: what it found has to be what was meant. */
export async function presenceOf(
  engine: Engine,
  image: ImageIdentity,
  signal: AbortSignal,
): Promise<ImagePresence> {
  const names = [image.id, image.otherId].filter((each) => each !== undefined);
  for (const name of names.filter((each) => whole.test(each))) {
    const found = await findImage(engine, name, signal);
    if (found === undefined || !isMeant(found, name)) continue;
    const arch = archOf(found.Architecture);
    if (arch !== image.arch) return { kind: "wrong", why: `its architecture is ${arch}, not ${image.arch}` };
    const stamp = found.Config?.Labels?.[stampLabel];
    if (image.stamp !== undefined && stamp !== image.stamp) {
      return { kind: "wrong", why: `its stamp is ${stamp ?? "missing"}, not ${image.stamp}` };
    }
    return { kind: "present", id: withAlgorithm(found.Id) };
  }
  return { kind: "absent" };
}

/** Of a reference the digest counts: engines write its name in other ways, such as `debian` for `docker.io/library/debian`. */
function isMeant({ Id, RepoDigests }: Dockerode.ImageInspectInfo, name: string): boolean {
  const digest = name.slice(name.lastIndexOf("@") + 1);
  const digests = (RepoDigests ?? []).map((each) => each.slice(each.lastIndexOf("@") + 1));
  return withAlgorithm(Id) === digest || digests.includes(digest);
}

/** Podman leaves it out in places. */
export function withAlgorithm(id: string): string {
  return id.startsWith("sha256:") ? id : `sha256:${id}`;
}
