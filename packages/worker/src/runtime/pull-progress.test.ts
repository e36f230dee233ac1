/** Every recorded pull, frame by frame: what is shown never shrinks, and is never done before an inspect says so. */

import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Digest, ImageProgress } from "@haversack/protocol";
import { expect, test } from "vitest";
import { readFrames } from "./pull-frames.ts";
import { type PullProgress, pullBegins, shownAt, withFrame } from "./pull-progress.ts";
import type { LayerSize, PullFrame } from "./runtime.ts";

const folder = join(import.meta.dirname, "testdata/frames");
const recordings = readdirSync(folder).filter((name) => /^(docker|podman).*\.jsonl$/.test(name));

/** Layers of the images in the recordings; the ballast of `mini` differs from one recording to the other. */
const base: Record<string, number> = {
  "443355282d6a": 26_963_161,
  "461d0199641d": 30_005_283,
  "506b3e81b6ba": 43_133_237,
};
const ballast = ["ef70b4a69aa6", "ea6dcd27191b", "ffea4b17a00b", "3f41dcd36b1e", "a77d2b010445"];
const podmanBallast = ["cc394cf6005e", "fb0958193de1", "99c84f8caa9e", "58cca083c8fc"];
const images: readonly Record<string, number>[] = [
  ...[...ballast, ...podmanBallast].map((each) => ({
    de478d7a75b5: 1_107_597,
    [each]: 8_002_624,
    ddb61d877d73: 197,
  })),
  { ...base, "4a24c4af2d4a": 203 },
  { ...base, "66cf82ee3c37": 3_003_615 },
  { "8db86a8eb350": 1_092_828 },
];
const failures: Record<string, RegExp> = {
  "docker-20.10-corrupt": /layer verification failed/,
  "docker-20.10-missing-tag": /manifest unknown/,
  "docker-20.10-registry-down": /connection refused/,
  "docker-20.10-wrong-platform": /no matching manifest/,
  "podman-4.3-503-once": /status code from registry 503/,
  "podman-4.3-corrupt": /corrupt input/,
  "podman-4.3-cut-once": /unexpected EOF/,
  "podman-4.3-libpod-missing-tag": /manifest unknown/,
  "podman-4.3-missing-tag": /manifest unknown/,
  "podman-4.3-registry-down": /connection refused/,
  "podman-4.3-wrong-platform": /no image found in image index/,
};

interface Replay {
  readonly frames: readonly PullFrame[];
  readonly errors: readonly string[];
}

async function replay(name: string): Promise<Replay> {
  const frames: PullFrame[] = [];
  const errors: string[] = [];
  for await (const line of readFrames(createReadStream(join(folder, name), { highWaterMark: 97 }))) {
    if (line.kind === "frame") frames.push(line.frame);
    else errors.push(line.message);
  }
  return { frames, errors };
}

/** The image that has most of the layers that the frames name. */
function layersOf(frames: readonly PullFrame[]): LayerSize[] | undefined {
  const named = new Set(frames.map(({ layer }) => layer));
  const hits = (image: Record<string, number>) =>
    Object.keys(image).filter((layer) => named.has(layer)).length;
  const best = images.toSorted((a, b) => hits(b) - hits(a))[0] ?? {};
  if (hits(best) === 0) return undefined;
  return Object.entries(best).map(([layer, size]) => ({
    digest: `sha256:${layer}${"0".repeat(52)}` as Digest,
    size,
  }));
}

function shown(frames: readonly PullFrame[], begin: PullProgress): ImageProgress[] {
  let progress = begin;
  return frames.map((frame, nth) => {
    progress = withFrame(progress, frame, nth * 100);
    return shownAt(progress, nth * 100);
  });
}

function expectMonotonic(all: readonly ImageProgress[]): void {
  for (const unit of ["bytes", "layers"] as const) {
    const done = all.filter((each) => each.unit === unit).map((each) => each.done ?? 0);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    const total = all.filter((each) => each.unit === unit).flatMap((each) => each.total ?? []);
    expect(new Set(total).size).toBeLessThan(2);
  }
  const percent = all.flatMap((each) => each.percent ?? []);
  expect(percent).toEqual(percent.toSorted((a, b) => a - b));
  expect(Math.max(0, ...percent)).toBeLessThan(100);
  for (const { done = 0, total } of all) expect(done).toBeLessThanOrEqual(total ?? Number.POSITIVE_INFINITY);
}

test("there are recordings", () => {
  expect(recordings.length).toBeGreaterThan(25);
});

test.each(recordings)("%s, replayed, shows what is true", async (name) => {
  const { frames, errors } = await replay(name);
  const failure = failures[name.replace(".jsonl", "")];
  expect(errors).toEqual(failure === undefined ? [] : [expect.stringMatching(failure)]);
  for (const tells of ["bytes", "layers", "none"] as const) {
    expectMonotonic(shown(frames, pullBegins(layersOf(frames), tells)));
    expectMonotonic(shown(frames, pullBegins(undefined, tells)));
  }
});

const whole = recordings.filter(
  (name) => /(three|four)-layers|cut-once|503-once/.test(name) && /docker/.test(name),
);
test.each(whole)("%s ends with all bytes of all layers", async (name) => {
  const { frames } = await replay(name);
  const layers = layersOf(frames) ?? [];
  const last = shown(frames, pullBegins(layers, "bytes")).at(-1);
  const size = layers.reduce((sum, each) => sum + each.size, 0);
  expect(last).toMatchObject({ unit: "bytes", done: size, total: size, percent: 99 });
});

test("of an image that shares layers with one that is held, only the others are the total", async () => {
  for (const name of ["docker-20.10-shared-layers.jsonl", "podman-5.4-shared-layers.jsonl"]) {
    const { frames } = await replay(name);
    const last = shown(frames, pullBegins(layersOf(frames), "bytes")).at(-1);
    expect(last).toMatchObject({ done: 3_003_615, total: 3_003_615 });
  }
});

test("after a cut, what is left of a layer is added to what is kept of it", () => {
  const layers = [{ digest: "sha256:aaaaaaaaaaaa0000" as Digest, size: 1000 }];
  const frame = (current: number, total?: number): PullFrame => ({
    layer: "aaaaaaaaaaaa",
    status: "Downloading",
    current,
    ...(total !== undefined && { total }),
  });
  const all = shown(
    [frame(600, 1000), frame(10, 400), frame(5), frame(300, 400)],
    pullBegins(layers, "bytes"),
  );
  expect(all.map(({ done }) => done)).toEqual([600, 610, 610, 900]);
});

test("a layer that turns out to be held makes it jump forward, and the total stays", () => {
  const layers = [
    { digest: "sha256:aaaaaaaaaaaa0000" as Digest, size: 1000 },
    { digest: "sha256:bbbbbbbbbbbb0000" as Digest, size: 3000 },
  ];
  const frames = [
    { layer: "aaaaaaaaaaaa", status: "Downloading", current: 500, total: 1000 },
    { layer: "bbbbbbbbbbbb", status: "Already exists" },
  ];
  const all = shown(frames, pullBegins(layers, "bytes"));
  expect(all.map(({ done, total, percent }) => [done, total, percent])).toEqual([
    [500, 4000, 12],
    [3500, 4000, 87],
  ]);
});

test("what is complete stays so, whatever is said of it later", () => {
  const layers = [{ digest: "sha256:aaaaaaaaaaaa0000" as Digest, size: 1000 }];
  const named = (status: string, current?: number): PullFrame => ({
    layer: "aaaaaaaaaaaa",
    status,
    ...(current !== undefined && { current }),
  });
  const frames = [
    named("Downloading", 400),
    named("Downloading", 300),
    named("Download complete"),
    named("Already exists"),
    named("Extracting", 1),
    named("Downloading", 5),
  ];
  const all = shown(frames, pullBegins(layers, "bytes"));
  expect(all.map(({ done }) => done)).toEqual([400, 400, 1000, 1000, 1000, 1000]);
  const counted = shown(frames, pullBegins(undefined, "bytes"));
  expect(counted.map(({ done }) => done)).toEqual([400, 400, 400, 400, 400, 400]);
});

test("without a manifest the bytes are told, and no share of them", () => {
  const frames = [
    { layer: "latest", status: "Pulling from x" },
    { layer: "aaaaaaaaaaaa", status: "Downloading", current: 500, total: 1000 },
  ];
  expect(shown(frames, pullBegins(undefined, "bytes")).at(-1)).toMatchObject({ unit: "bytes", done: 500 });
  expect(shown(frames, pullBegins(undefined, "bytes")).at(-1)).not.toHaveProperty("percent");
});

test("an engine that counts in layers gets a text, and bytes as soon as it tells some", () => {
  const layers = [
    { digest: "sha256:aaaaaaaaaaaa0000" as Digest, size: 100 },
    { digest: "sha256:bbbbbbbbbbbb0000" as Digest, size: 300 },
  ];
  const frames = [
    { layer: "aaaaaaaaaaaa", status: "Download complete" },
    { layer: "bbbbbbbbbbbb", status: "Downloading", current: 100, total: 300 },
  ];
  const all = shown(frames, pullBegins(layers, "layers"));
  expect(all[0]).toEqual({ unit: "layers", done: 1, total: 2 });
  expect(all[1]).toMatchObject({ unit: "bytes", done: 200, total: 400, percent: 50 });
});
