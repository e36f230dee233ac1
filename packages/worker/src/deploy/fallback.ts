/**
 * What follows when a container of the base image did not come up: the build path, once and in the same attempt, or the
 * end of the attempt, because it would fail again. Up to `alive`; health is no matter of the path. Pure.
 */

import { FaultError, faultOf, messageOf } from "@haversack/base";

export interface AfterImagePath {
  readonly then: "build" | "fail";
  /** What of the image is to be noted. */
  readonly image?: "absent" | "corrupt";
}

/** Of our own; the codes of an engine's faults are its own. */
export const launchCodes = {
  /** Process 1 ended. */
  exited: "container_exited",
  /** It never ran: its program is of another architecture. */
  execFormat: "exec_format_error",
  /** What is in the container is not what the task named. */
  wrongContent: "wrong_base_image",
  /** The engine made something else than was asked. */
  notAsAsked: "container_not_as_asked",
} as const;

/** Would fail in the same way from any image. */
const samePlea: ReadonlySet<string> = new Set([
  "port_taken",
  "name_taken",
  "in_use",
  "no_space",
  "cancelled",
  launchCodes.notAsAsked,
  "secrets_no_memory",
  "secret_unavailable",
  "volume_refused",
  "own_folder_refused",
  "snapshot_unavailable",
]);

const ofTheImage: ReadonlySet<string> = new Set([launchCodes.execFormat, launchCodes.wrongContent]);

export function afterImagePath(error: unknown): AfterImagePath {
  const fault = faultOf(error);
  const code = error instanceof FaultError ? error.code : "";
  if (samePlea.has(code) || fault === "cancelled" || fault === "denied") return { then: "fail" };
  if (code === "image_missing") return { then: "build", image: "absent" };
  if (fault === "corrupt" || ofTheImage.has(code)) return { then: "build", image: "corrupt" };
  // What a container writes counts for nothing here: only what the engine says.
  const isEngines = code !== launchCodes.exited;
  if (isEngines && /exec format error/i.test(messageOf(error))) return { then: "build", image: "corrupt" };
  // The engine refuses a mount, a limit or a name: it will refuse it of another image too.
  if (fault === "invalid" || fault === "conflict") return { then: "fail" };
  return { then: "build" };
}
