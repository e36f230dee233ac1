/** What the engine says of an image, asked with a limit of time, and what the board learns from it. Never rejects. */

import { type Clock, type Ms, messageOf } from "@haversack/base";
import type { ImagePresence, Runtime } from "../runtime/runtime.ts";
import type { Board } from "./board.ts";
import type { EngineWatch } from "./engine-watch.ts";
import { plain } from "./flight-fault.ts";
import type { ImageRecord } from "./image-record.ts";
import { isInFlight } from "./image-table.ts";
import type { WantedImage } from "./images.ts";

export interface LookParts {
  readonly clock: Clock;
  readonly runtime: Runtime;
  readonly board: Board;
  readonly engine: EngineWatch;
}

/** A deploy does not wait longer for an answer. */
const lookMs: Ms = 2000;

export async function look(
  parts: LookParts,
  image: WantedImage,
  signal: AbortSignal,
): Promise<ImagePresence> {
  const presence = await inspect(parts, image, signal);
  if (!signal.aborted) learn(parts, image, presence);
  return presence;
}

async function inspect(parts: LookParts, image: WantedImage, signal: AbortSignal): Promise<ImagePresence> {
  const late = new AbortController();
  const timer = parts.clock.after(lookMs, () => late.abort());
  const inspecting = parts.runtime.inspectImage(image.identity, AbortSignal.any([signal, late.signal]));
  const limit = Promise.withResolvers<ImagePresence>();
  const why = `the engine did not answer within ${lookMs / 1000} s`;
  late.signal.addEventListener("abort", () => limit.resolve({ kind: "unknown", why }), { once: true });
  try {
    return await Promise.race([inspecting, limit.promise]);
  } catch (error) {
    return { kind: "unknown", why: late.signal.aborted ? why : plain(messageOf(error)) };
  } finally {
    timer.cancel();
    inspecting.catch(() => {});
  }
}

/** What is under way is not changed by it. */
function learn({ board, engine }: LookParts, { digest }: WantedImage, presence: ImagePresence): void {
  const record = board.get(digest);
  if (record === undefined || isInFlight(record.status.state)) return;
  switch (presence.kind) {
    case "present":
      if (!record.retired) board.move(digest, "found");
      return;
    case "absent":
    case "wrong":
      if (!board.move(digest, "vanished")) board.move(digest, "answered");
      return;
    case "unknown":
      board.move(digest, "unanswered", { status: { why: plain(presence.why) } });
      engine.doubt();
  }
}

/** Whether asking the engine can change anything. */
export const isAskable = ({ status }: ImageRecord): boolean =>
  !isInFlight(status.state) && status.state !== "unsupported";
