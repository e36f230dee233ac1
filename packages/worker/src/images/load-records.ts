/** What a worker that starts knows of its images. */

import { mkdir } from "node:fs/promises";
import { type Log, messageOf } from "@haversack/base";
import type { ImageSettings } from "../config/image-settings.ts";
import type { Board } from "./board.ts";
import { mayFetch } from "./desk.ts";
import type { ImageRecord } from "./image-record.ts";
import type { Journal } from "./journal.ts";

export interface LoadParts {
  readonly board: Board;
  readonly journal: Journal;
  readonly settings: ImageSettings;
  /** Of files and locks; it may be one of several workers. */
  readonly folder: string;
  readonly log: Log;
}

/** Puts it on the board; what was under way begins. @param now milliseconds since 1970 */
export async function loadRecords(parts: LoadParts, now: number): Promise<void> {
  await mkdir(parts.folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    parts.log.error({ folder: parts.folder, error: messageOf(error) }, "the folder of images cannot be made");
  });
  for (const record of await parts.journal.load(now)) parts.board.put(asAsked(record, parts.settings));
}

/** What the engine has is asked anew, and what nobody wants any more does not go on. */
function asAsked(record: ImageRecord, { prefetch }: ImageSettings): ImageRecord {
  const { state, cause, ref } = record.status;
  const isUnwanted =
    state === "queued" && cause !== "operator" && ref === "base" && !mayFetch(prefetch.policy);
  const isAsked = state === "ready" || state === "absent" || state === "disabled";
  if (!isUnwanted && !isAsked) return record;
  const { why: _, ...status } = record.status;
  return { ...record, status: { ...status, state: "unknown", why: "the engine was not asked yet" } };
}
