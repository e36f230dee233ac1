/** The snapshot of a container: a file that whoever made the container put there. */

import { readFile } from "node:fs/promises";
import { FaultError, messageOf, systemCodeOf } from "@haversack/base";
import { type InspectedPack, inspectPack } from "@haversack/snapshot";
import type { ServeSettings } from "./settings.ts";

/** Undefined: there is none, and none is expected. Throws the snapshot's errors. */
export async function readPack({
  packFile,
  packDigest,
  limits,
}: ServeSettings): Promise<InspectedPack | undefined> {
  const bytes = await readFile(packFile).catch((cause: unknown) => {
    if (systemCodeOf(cause) === "ENOENT") return undefined;
    const message = `the snapshot ${packFile} cannot be read: ${messageOf(cause)}; it must be a file that this user may read`;
    throw new FaultError("unavailable", "snapshot_unreadable", message, { cause });
  });
  if (bytes === undefined && packDigest === undefined) return undefined;
  if (bytes === undefined) {
    throw new FaultError(
      "missing",
      "snapshot_missing",
      `${packFile} is not there, and ${packDigest} is expected`,
    );
  }
  const pack = inspectPack(bytes, limits);
  if (packDigest === undefined || packDigest === pack.name) return pack;
  const message = `${packFile} is ${pack.name}, and HAVERSACK_SNAPSHOT_DIGEST says ${packDigest}`;
  throw new FaultError("corrupt", "snapshot_corrupt", message);
}
