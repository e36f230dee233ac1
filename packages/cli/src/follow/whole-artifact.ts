/** An artifact over connections that break: what has arrived is not sent again, and all of it is checked. */

import { createHash } from "node:crypto";
import { type Clock, FaultError, type Random } from "@haversack/base";
import type { Artifact, HaversackClient } from "@haversack/protocol";
import { resumed } from "./link.ts";

interface Asker {
  readonly outside: { readonly clock: Clock; readonly random: Random; readonly stopping: AbortSignal };
  note(text: string): void;
}

/** Rejects with `artifact_corrupt` at the end when the bytes are not those that the step left. */
export async function* wholeArtifact(
  client: Pick<HaversackClient, "artifact">,
  of: { readonly runId: string; readonly stepId: string; readonly artifact: Artifact },
  asker: Asker,
): AsyncIterable<Uint8Array> {
  const { clock, random, stopping } = asker.outside;
  const { runId, stepId, artifact } = of;
  const onBroken = (why: string): void => asker.note(`connection lost, trying again (${why})`);
  let arrived = 0;
  const hash = createHash("sha256");
  async function* from(offset: number): AsyncIterable<{ readonly end: number; readonly data: Uint8Array }> {
    let end = offset;
    for await (const data of client.artifact({ runId, stepId, path: artifact.path, offset }, stopping)) {
      end += data.length;
      yield { end, data };
    }
  }
  const isWhole = (): boolean => arrived >= artifact.size;
  for await (const { data } of resumed(
    from,
    ({ end }) => end,
    isWhole,
    { clock, random, onBroken },
    stopping,
  )) {
    arrived += data.length;
    hash.update(data);
    yield data;
  }
  if (`sha256:${hash.digest("hex")}` === artifact.digest) return;
  const message = `what arrived of ${artifact.path} is not what the step left: its checksum is another one`;
  throw new FaultError("corrupt", "artifact_corrupt", message);
}
