/** A pull by Docker or Podman of a reference by digest. */

import type { Readable } from "node:stream";
import { codeOfText, PullError, pullError } from "../pull-faults.ts";
import { type EngineLine, readFrames } from "../pull-frames.ts";
import { ociArch, type ReferenceQuestion, resolveReference } from "../registry.ts";
import type { PullFrame, PullRequest } from "../runtime.ts";
import { type Engine, engineCall, saidBy, statusOf } from "./engine.ts";
import { presenceOf } from "./find-image.ts";

/** A registry that does not answer us in this time is left to the engine. */
const resolveMs = 10_000;
/** An engine may have a mirror, a proxy or credentials of its own: what it can do better than we, it tries. */
const final: ReadonlySet<string> = new Set(["not_found", "wrong_platform", "rate_limited"]);

/** Succeeds when the image is there by its identity; rejects with PullError, or as every call does. */
export async function pullInto(
  engine: Engine,
  pull: PullRequest,
  onProgress: (frame: PullFrame) => void,
  signal: AbortSignal,
): Promise<void> {
  const doubt = pull.layers === undefined ? await askRegistry(engine, pull, signal) : undefined;
  const said = await engineCall(`pulling ${pull.ref}`, signal, async () => {
    try {
      return await read(await begin(engine, pull, signal), onProgress);
    } catch (error) {
      // The words of an answer that is no 200 are as good as those of a line.
      if (statusOf(error) === undefined) throw error;
      return saidBy(error);
    }
  });
  const presence = await presenceOf(engine, { id: pull.ref, arch: pull.arch }, signal);
  if (presence.kind === "present") return;
  // What the registry told us is sure; the words of an engine are read only where that explains nothing.
  if (said !== undefined)
    throw codeOfText(said) === "no_space" ? pullError(pull.ref, said) : (doubt ?? pullError(pull.ref, said));
  const why = presence.kind === "absent" ? "it is not there" : presence.why;
  const code = presence.kind === "wrong" ? "wrong_platform" : "import_failed";
  throw new PullError(code, `${pull.ref} was pulled without a fault, and ${why}`);
}

/** Rejects with what no engine can change; what one may get round is the answer. */
async function askRegistry(
  { fetch, clock }: Engine,
  { ref, arch, credentials }: PullRequest,
  signal: AbortSignal,
): Promise<PullError | undefined> {
  const late = new AbortController();
  const timer = clock.after(resolveMs, () => late.abort());
  const question: ReferenceQuestion = { ref, arch, ...(credentials !== undefined && { credentials }) };
  try {
    await resolveReference(question, fetch, AbortSignal.any([signal, late.signal]));
    return undefined;
  } catch (error) {
    if (error instanceof PullError && !final.has(error.code)) return error;
    if (late.signal.aborted && !signal.aborted) {
      return new PullError("network", `the registry of ${ref} does not answer`, { cause: error });
    }
    throw error;
  } finally {
    timer.cancel();
  }
}

async function begin({ docker }: Engine, pull: PullRequest, signal: AbortSignal): Promise<Readable> {
  const options = {
    fromImage: pull.ref,
    platform: `linux/${ociArch[pull.arch] ?? pull.arch}`,
    abortSignal: signal,
  };
  // With the request, never in a file of the engine.
  const auth = pull.credentials === undefined ? {} : { ...pull.credentials, serveraddress: hostOf(pull.ref) };
  return (await docker.createImage(auth, options)) as Readable;
}

/** The fault that a line told; undefined: none. */
async function read(answer: Readable, onProgress: (frame: PullFrame) => void): Promise<string | undefined> {
  let said: string | undefined;
  for await (const line of linesOf(answer)) {
    if (line.kind === "error") said = line.message;
    else onProgress(line.frame);
  }
  return said;
}

async function* linesOf(answer: Readable): AsyncGenerator<EngineLine> {
  try {
    yield* readFrames(answer);
  } finally {
    // Closing the connection is what cancels a pull.
    answer.destroy();
  }
}

const hostOf = (ref: string): string => ref.slice(0, ref.indexOf("/"));
