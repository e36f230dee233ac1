/**
 * What LXD and Incus say when they refuse, as our faults. They have one status for nearly everything, so the text decides;
 * what is not known is `invalid` with the text.
 */

import { FaultError } from "@haversack/base";
import {
  engineUnavailable,
  imageCorrupt,
  nameTaken,
  noContainer,
  noImage,
  noSpace,
  portTaken,
  refused,
} from "../runtime-faults.ts";

/** What the call was about. */
export interface About {
  readonly container?: string;
  readonly image?: string;
}

/** The container is in the middle of something else, such as being stopped: the same call works in a moment. */
export const isInstanceBusy = (error: unknown): boolean =>
  error instanceof FaultError && error.code === "container_busy";

export const isRefused = (error: unknown): error is FaultError =>
  error instanceof FaultError && error.fault === "invalid";

/** The operation only says that it failed; LXC's own log says of what. */
export function startFault(error: FaultError, log: string): FaultError {
  if (!error.message.includes("forkstart")) return error;
  const said = [...log.matchAll(/ ERROR .* - \S+:\d+ - (.*)$/gm)].map(([, text]) => text);
  if (said.length === 0) return error;
  const why = `it cannot start: ${said.slice(0, 2).join("; ")}`;
  if (/exec format error/i.test(why)) return imageCorrupt("wrong_platform", why, error);
  return new FaultError(error.fault, error.code, why, { cause: error });
}

export function lxdFault(status: number, text: string, about: About): FaultError {
  if (/no space left on device|disk quota exceeded/i.test(text)) return noSpace(text);
  if (/address already in use/i.test(text)) return portTaken(text);
  if (/fingerprints don't match/i.test(text)) return imageCorrupt("import_failed", text);
  if (/exec format error|architecture isn't supported|no matching architecture/i.test(text)) {
    return imageCorrupt("wrong_platform", text);
  }
  // Incus says the others of one that is just ending.
  if (/is busy running|invalid pid|instance is running/i.test(text)) return instanceBusy(text);
  return byObject(status, text, about) ?? byStatus(status, text);
}

function byObject(status: number, text: string, { container, image }: About): FaultError | undefined {
  if (image !== undefined && /image not provided|image .*not found/i.test(text)) return noImage(image);
  if (container !== undefined) {
    if (/instance is not running/i.test(text)) return notRunning(container);
    if (/instances?"? .*already exists|unique constraint failed: instances\.[^:]*\bname/i.test(text)) {
      return nameTaken(container);
    }
    if (status === 404 || /instance not found/i.test(text)) return noContainer(container);
  } else if (image !== undefined && status === 404) return noImage(image);
  return undefined;
}

/** Whatever the status: Incus has 500 for most of it. */
const refusals =
  /read-only file system|failed shutting down instance|container is not running|\bforkstart\b/i;

function byStatus(status: number, text: string): FaultError {
  if (refusals.test(text)) return refused(text);
  if (status === 401 || status === 403 || status >= 500) return engineUnavailable(text);
  return refused(text);
}

function notRunning(container: string): FaultError {
  return new FaultError("conflict", "not_running", `container ${container} does not run`);
}

function instanceBusy(text: string): FaultError {
  return new FaultError("busy", "container_busy", `${text}; try again in a moment`);
}
