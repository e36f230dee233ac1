/** Images by reference, for the tasks that name one: these wait, for there is nothing to build in their place. */

import { FaultError } from "@haversack/base";
import { flightCodes, type ImageStatus } from "@haversack/protocol";
import { endOfFlight } from "./end-of-flight.ts";
import { FlightFault } from "./flight-fault.ts";
import type { ImageLease, WantedImage } from "./images.ts";
import type { ImagesParts } from "./images-parts.ts";
import { look } from "./look.ts";
import { digestMeant, referenceMeant } from "./references.ts";
import { isUnreachable, pinTag } from "./tags.ts";

export async function fetchReference(
  parts: ImagesParts,
  ref: string,
  asked: string,
  signal: AbortSignal,
): Promise<ImageLease> {
  const { leases, desk, board, stopping } = parts;
  const image = await referenceFor(parts, ref, signal);
  const end = leases.take(image.digest, asked);
  if (end === undefined)
    throw new FaultError("unavailable", "runtime_unavailable", `${ref} is just being removed; try again`);
  try {
    desk.recordOf(image);
    const found = await look(parts, image, signal);
    if (found.kind === "present") return { digest: image.digest, imageId: found.id, end };
    if (digestMeant(ref) !== undefined)
      throw new FlightFault("not_found", `${ref} names what is loaded already, and it is not there`);
    const outcome = desk.ask(image, "deploy", asked);
    const status = await endOfFlight(
      board,
      image.digest,
      outcome === "paused" ? "flying" : "planned",
      AbortSignal.any([signal, stopping]),
    );
    if (status.state !== "ready") throw failureOf(ref, status);
    const presence = await look(parts, image, signal);
    if (presence.kind !== "present")
      throw new FlightFault("import_failed", `${ref} was fetched, and is gone again`);
    return { digest: image.digest, imageId: presence.id, end };
  } catch (error) {
    end();
    throw error;
  }
}

/** What a tag means now. */
export async function resolveTag(parts: ImagesParts, ref: string, signal: AbortSignal): Promise<string> {
  try {
    return await pinTag(ref, parts.net, signal);
  } catch (error) {
    if (signal.aborted || !isUnreachable(error)) throw error;
    // What was loaded under that name is better than nothing.
    const arch = parts.engine.info?.arch ?? "";
    const presence = await parts.runtime.inspectImage({ id: ref, arch }, signal);
    if (presence.kind === "present") return presence.id;
    throw error;
  }
}

async function referenceFor(parts: ImagesParts, ref: string, signal: AbortSignal): Promise<WantedImage> {
  const info = parts.engine.info ?? (await parts.engine.ask(signal));
  if (info === undefined)
    throw new FlightFault("runtime_unavailable", parts.engine.why ?? "the engine does not answer");
  const loaded = digestMeant(ref);
  if (loaded !== undefined) return { digest: loaded, ref, stamp: "", identity: { id: ref, arch: info.arch } };
  const image = info.canPull ? referenceMeant(ref, info.arch) : undefined;
  if (image !== undefined) return image;
  const why = info.canPull
    ? "expected HOST[:PORT]/NAME@sha256:…"
    : `${info.kind} takes no images of registries`;
  throw new FaultError("invalid", "unsupported", `image ${ref}: ${why}`);
}

function failureOf(ref: string, { state, failure, cancelledBy }: ImageStatus): FaultError {
  if (failure === undefined)
    return new FaultError(
      "cancelled",
      "cancelled",
      `${ref}: ${cancelledBy === undefined ? state : `cancelled by ${cancelledBy}`}`,
    );
  const code = flightCodes.find((each) => each === failure.code) ?? "import_failed";
  return new FlightFault(code, `${ref}: ${failure.message}; ${failure.hint}`);
}
