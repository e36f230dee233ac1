import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { settleImages } from "./image-settings.ts";
import { readWorkerFile } from "./worker-file.ts";

async function fileWith(content: unknown, mode = 0o600) {
  const folder = await tempFolder();
  const path = join(folder.path, "worker.json");
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content), { mode });
  await chmod(path, mode);
  return folder;
}

describe("how a worker deals with images", () => {
  test("has something for everything when nothing was said", async () => {
    await using folder = await tempFolder();
    expect(settleImages({}, {}, readWorkerFile(folder.path))).toEqual({
      prefetch: { policy: "lazy", source: "default" },
      folder: undefined,
      bytesPerSecondMax: 0,
      use: true,
      source: "file",
      credentials: new Map(),
    });
  });

  test("is read from worker.json, behind flags and variables", async () => {
    const images = {
      prefetch: "eager",
      use: false,
      source: "registry",
      maxBytesPerSecond: 1000,
      folder: "/srv/images",
      credentials: { "registry.example:5000": { username: "w", password: "geheim" } },
    };
    await using folder = await fileWith({ images });
    const file = readWorkerFile(folder.path);
    expect(settleImages({}, {}, file)).toEqual({
      prefetch: { policy: "eager", source: "file" },
      folder: "/srv/images",
      bytesPerSecondMax: 1000,
      use: false,
      source: "registry",
      credentials: new Map([["registry.example:5000", { username: "w", password: "geheim" }]]),
    });
    const env = { HAVERSACK_IMAGES_MAX_RATE: "4MiB", HAVERSACK_IMAGES_DIR: "/env" };
    expect(settleImages({}, env, file)).toMatchObject({ bytesPerSecondMax: 4_194_304, folder: "/env" });
    expect(settleImages({ imagesMaxRate: "1KiB", imagesDir: "/flag" }, env, file)).toMatchObject({
      bytesPerSecondMax: 1024,
      folder: "/flag",
    });
  });

  test("takes a password from a file of its own", async () => {
    await using folder = await fileWith("from a file\n");
    const passwordFile = join(folder.path, "worker.json");
    const file = { images: { credentials: { "a.example": { username: "w", passwordFile } } } };
    expect(settleImages({}, {}, file).credentials.get("a.example")?.password).toBe("from a file");
    const ofVault = {
      images: { credentials: { "a.example": { username: "w", password: { secret: "pull" } } } },
    };
    expect(settleImages({}, {}, ofVault).credentials.get("a.example")?.password).toEqual({ secret: "pull" });
    const absent = { images: { credentials: { "a.example": { username: "w", passwordFile: "/none" } } } };
    expect(() => settleImages({}, {}, absent)).toThrow(/credentials\.a\.example\.passwordFile: ENOENT/);
    const none = { images: { credentials: { "a.example": { username: "w" } } } };
    expect(() => settleImages({}, {}, none)).toThrow(/expected password or passwordFile/);
  });

  test.each(["0", "fast", "-1", "4MB"])("a rate of %j is refused", (imagesMaxRate) => {
    expect(() => settleImages({ imagesMaxRate }, {}, {})).toThrow(/--images-max-rate .* such as 4MiB, found/);
  });

  test.each([
    ["{", /worker\.json: no JSON/],
    [{ images: { prefetsch: "lazy" } }, /worker\.json: images: Unrecognized key: "prefetsch"/],
    [{ images: { maxBytesPerSecond: "fast" } }, /worker\.json: images\.maxBytesPerSecond: /],
    [
      { images: { credentials: { "a.example": { username: "w", password: { secret: "No Name" } } } } },
      /images\.credentials\.a\.example\.password\.secret: expected the name of a secret/,
    ],
  ])("a file %j is refused by name and field", async (content, message) => {
    await using folder = await fileWith(content);
    expect(() => readWorkerFile(folder.path)).toThrow(message);
  });

  test("a password that others can read is refused", async () => {
    const credentials = { "a.example": { username: "w", password: "geheim" } };
    await using folder = await fileWith({ images: { credentials } }, 0o644);
    expect(() => readWorkerFile(folder.path)).toThrow(/can be read by others \(mode 644\): chmod 600 it/);
  });
});
