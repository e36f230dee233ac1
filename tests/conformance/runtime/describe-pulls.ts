/** Pulls of Docker and Podman from a registry that is slow, wrong, mute or away: the fault has its name, and nothing is left. */

import { expect, test } from "vitest";
import {
  type PullProgress,
  pullBegins,
  shownAt,
  withFrame,
} from "../../../packages/worker/src/runtime/pull-progress.ts";
import { resolveReference } from "../../../packages/worker/src/runtime/registry.ts";
import type {
  ImagePresence,
  PullFrame,
  PullRequest,
  Runtime,
} from "../../../packages/worker/src/runtime/runtime.ts";
import type { Descriptor, ShelvedImage } from "../../support/image-shelf.ts";
import { type AnswerFault, type Asked, type TestRegistry, testRegistry } from "../../support/registry.ts";
import { twoArchImage } from "../../support/test-images.ts";
import { hostArch, never, type RuntimeWorld } from "./runtime-world.ts";

export interface PullWorld {
  readonly registry: TestRegistry;
  readonly image: ShelvedImage;
  readonly pull: PullRequest;
}

const ballastBytes = 3_000_000;
/** Of the large layer, which no engine has. */
export const ofBallast =
  (fault: (asked: Asked) => AnswerFault | undefined) =>
  (asked: Asked): AnswerFault | undefined =>
    asked.kind === "blobs" && asked.size > ballastBytes / 2 && asked.method === "GET"
      ? fault(asked)
      : undefined;

export function pullWorld(registry: TestRegistry): PullWorld {
  const { digest, [hostArch]: image } = twoArchImage(registry, ballastBytes, {
    labels: { "haversack.stamp": "1" },
  });
  return { registry, image, pull: { ref: `${registry.host}/team/agent@${digest}`, arch: hostArch } };
}

export function describePulls(the: () => RuntimeWorld): void {
  describeProgress(the);
  describeFaults(the);
  describeInterruptions(the);
}

interface Hands {
  readonly presence: (pull: PullRequest) => Promise<ImagePresence>;
  readonly drop: (pull: PullRequest) => Promise<void>;
}

function handsOf(the: () => RuntimeWorld): Hands {
  return {
    presence: async ({ ref, arch }) => await the().runtime.inspectImage({ id: ref, arch }, never),
    drop: async ({ ref, arch }) => {
      await the().runtime.removeImage({ id: ref, arch }, never);
    },
  };
}

function describeProgress(the: () => RuntimeWorld): void {
  const { presence, drop } = handsOf(the);

  test("a pull shows what is true, and what is held is not fetched again", async () => {
    await using registry = await testRegistry({ bytesPerSecond: 3_000_000 });
    const { pull, image } = pullWorld(registry);
    const { layers } = await resolveReference(pull, fetch, never);
    let progress: PullProgress = pullBegins(layers, "bytes");
    const percents: number[] = [];
    await the().runtime.pullImage(
      { ...pull, layers },
      (frame) => {
        progress = withFrame(progress, frame, 0);
        percents.push(shownAt(progress, 0).percent ?? 0);
      },
      never,
    );
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(percents.at(-1)).toBe(99);
    const size = layers.reduce((sum, layer) => sum + layer.size, 0);
    expect(registry.blobBytes()).toBeLessThanOrEqual(size + image.config.size + 10_000);
    expect(await presence(pull)).toMatchObject({ kind: "present", id: image.config.digest });
    const fetched = registry.blobBytes();
    await the().runtime.pullImage({ ...pull, layers }, () => {}, never);
    expect(registry.blobBytes() - fetched).toBeLessThan(ballastBytes / 2);
    await drop(pull);
    expect(await presence(pull)).toEqual({ kind: "absent" });
  });
}

function describeFaults(the: () => RuntimeWorld): void {
  const { presence, drop } = handsOf(the);

  const digest = `sha256:${"ab".repeat(32)}`;
  const cases: readonly (readonly [string, Partial<Wrong>, string, string])[] = [
    ["an image that nobody has", { digest }, "missing", "not_found"],
    ["a registry that nobody serves", { host: "127.0.0.1:9" }, "unavailable", "network"],
    ["an architecture that the image is not for", { only: "foreign" }, "corrupt", "wrong_platform"],
    ["a registry that cannot", { fault: () => ({ status: 503 }) }, "unavailable", "http_5xx"],
    ["a registry that has had enough", { fault: () => ({ status: 429 }) }, "busy", "rate_limited"],
    ["a registry that wants to know us", { auth: true }, "denied", "auth"],
    ["a layer of wrong bytes", { fault: ofBallast(() => ({ corruptAt: 1_000_000 })) }, "corrupt", "checksum"],
  ];
  test.each(cases)("%s", async (_, wrong, fault, code) => {
    await using registry = await testRegistry({
      ...(wrong.fault !== undefined && { fault: wrong.fault }),
      ...(wrong.auth === true && { auth: { kind: "basic", username: "a", password: "b" } }),
    });
    const { pull } = wrongPull(registry, wrong);
    await expect(the().runtime.pullImage(pull, () => {}, never)).rejects.toMatchObject({ fault, code });
    expect(await presence(pull)).toEqual({ kind: "absent" });
  });

  test("credentials go along", async () => {
    const alice = { username: "alice", password: "s3cret" };
    await using registry = await testRegistry({ auth: { kind: "token", ...alice } });
    const { pull } = pullWorld(registry);
    await the().runtime.pullImage({ ...pull, credentials: alice }, () => {}, never);
    expect(await presence(pull)).toMatchObject({ kind: "present" });
    await drop(pull);
  });
}

function describeInterruptions(the: () => RuntimeWorld): void {
  const { presence, drop } = handsOf(the);

  test("a layer that is cut is taken up again, or is a fault; the next pull succeeds", async () => {
    await using registry = await testRegistry({
      fault: ofBallast(({ nth }) => (nth === 1 ? { cutAt: 1_000_000 } : undefined)),
    });
    const { pull } = pullWorld(registry);
    const first = await the()
      .runtime.pullImage(pull, () => {}, never)
      .then(
        () => "pulled",
        (error: { code: string }) => error.code,
      );
    expect(["pulled", "truncated"]).toContain(first);
    if (first !== "pulled") {
      expect(await presence(pull)).toEqual({ kind: "absent" });
      await the().runtime.pullImage(pull, () => {}, never);
    }
    expect(await presence(pull)).toMatchObject({ kind: "present" });
    await drop(pull);
  });

  test("a layer that never ends is given up with the signal", async () => {
    const stalled = Promise.withResolvers<void>();
    await using registry = await testRegistry({
      fault: ofBallast(() => {
        stalled.resolve();
        return { stallAt: 1_000_000 };
      }),
    });
    const { pull } = pullWorld(registry);
    const stopping = new AbortController();
    const flight = the().runtime.pullImage(pull, () => {}, stopping.signal);
    flight.catch(() => {});
    await stalled.promise;
    stopping.abort();
    await expect(flight).rejects.toMatchObject({ fault: "cancelled" });
    expect(await presence(pull)).toEqual({ kind: "absent" });
  });
}

interface Wrong {
  readonly digest: string;
  readonly host: string;
  readonly only: "foreign";
  readonly fault: (asked: Asked) => AnswerFault | undefined;
  readonly auth: boolean;
}

function wrongPull(registry: TestRegistry, wrong: Partial<Wrong>): { readonly pull: PullRequest } {
  const { x64, arm64, digest } = twoArchImage(registry, ballastBytes);
  const foreign: Descriptor = registry.index([hostArch === "x64" ? arm64 : x64]);
  const named = wrong.digest ?? (wrong.only === "foreign" ? foreign.digest : digest);
  return { pull: { ref: `${wrong.host ?? registry.host}/team/agent@${named}`, arch: hostArch } };
}

/** Resolves with the first frame that tells bytes of a layer. */
export async function pullingBegun(
  runtime: Runtime,
  pull: PullRequest,
): Promise<{ readonly flight: Promise<void> }> {
  const begun = Promise.withResolvers<void>();
  const onProgress = ({ status }: PullFrame) => {
    if (status === "Downloading" || status === "Pulling fs layer") begun.resolve();
  };
  const flight = runtime.pullImage(pull, onProgress, never);
  flight.catch(() => {});
  await begun.promise;
  return { flight };
}
