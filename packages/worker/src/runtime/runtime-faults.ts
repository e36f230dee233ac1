/** The faults of a container engine, one function each, so that every adapter says the same of the same thing. */

import { FaultError, messageOf } from "@haversack/base";

/** The engine does not answer, or broke off in the middle. */
export function engineUnavailable(why: string, cause?: unknown): FaultError {
  const message = `the container engine does not answer: ${why}; look whether it runs and whether this user may use its socket`;
  return new FaultError("unavailable", "engine_unavailable", message, { cause });
}

export function noImage(image: string, cause?: unknown): FaultError {
  return new FaultError("missing", "image_missing", `the container engine has no image ${image}`, { cause });
}

export function noContainer(idOrName: string, cause?: unknown): FaultError {
  const message = `the container engine has no container ${idOrName}`;
  return new FaultError("missing", "container_missing", message, { cause });
}

export function nameTaken(name: string, cause?: unknown): FaultError {
  const message = `a container named ${name} exists already`;
  return new FaultError("conflict", "name_taken", message, { cause });
}

export function portTaken(why: string, cause?: unknown): FaultError {
  const message = `a port of the host is taken: ${why}; choose another, or 0 for any free one`;
  return new FaultError("conflict", "port_taken", message, { cause });
}

export function imageInUse(image: string, cause?: unknown): FaultError {
  return new FaultError("conflict", "in_use", `a container uses image ${image}`, { cause });
}

export function noSpace(why: string, cause?: unknown): FaultError {
  return new FaultError("busy", "no_space", `the container engine has no room on its disk: ${why}`, {
    cause,
  });
}

/** @param code `corrupt`, `checksum`, `wrong_platform` or `import_failed`. */
export function imageCorrupt(code: string, why: string, cause?: unknown): FaultError {
  return new FaultError("corrupt", code, why, { cause });
}

/** Of a file of ours that an engine was to have: the engine is not to blame. */
export function unreadable(file: string, cause: unknown): FaultError {
  const message = `cannot read the file of the image, ${file}: ${messageOf(cause)}`;
  return new FaultError("missing", "file_missing", message, { cause });
}

export function refused(why: string, cause?: unknown): FaultError {
  return new FaultError("invalid", "engine_refused", `the container engine refuses it: ${why}`, { cause });
}

export function cancelled(what: string, cause?: unknown): FaultError {
  return new FaultError("cancelled", "cancelled", `${what} was cancelled`, { cause });
}
