/** Ids of spans that several may make, or name before they are there: whoever asks gets the same. */

import { createHash } from "node:crypto";
import type { RunId } from "./ids.ts";

const digitsOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Of the run itself. */
export const spanIdOfRun = (id: RunId): string => digitsOf(`run ${id}`);

export const spanIdOfAttempt = (run: RunId, stepId: string, attempt: number): string =>
  digitsOf(`attempt ${run} ${stepId} ${attempt}`);
