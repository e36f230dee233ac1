import { generateKeyPairSync, sign } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@haversack/snapshot";
import { expect, test } from "vitest";
import { imagesJson } from "../../../../tests/support/image-world.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { settleImages } from "../config/image-settings.ts";
import { BaseImages } from "./base-images.ts";
import type { ImageSettings } from "./settings.ts";

const script = "#!/bin/sh\nexit 0\n";

async function world() {
  const folder = await tempFolder();
  const at = (name: string): string => join(folder.path, name);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  await writeFile(at("key.pem"), publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(at("recipe.sh"), script);
  const settings: ImageSettings = {
    ...settleImages({ images: at("images.json") }, {}),
    keyFile: at("key.pem"),
  };
  const publish = async (manifest: object, signed = true): Promise<void> => {
    const text = JSON.stringify(manifest);
    await writeFile(at("images.json"), text);
    if (signed)
      await writeFile(
        at("images.json.sig"),
        `${sign(null, Buffer.from(text), privateKey).toString("base64")}\n`,
      );
  };
  await publish(imagesJson("1"));
  return { at, settings, publish, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test("what is signed by the right key counts, with its recipe; another byte does not", async () => {
  await using files = await world();
  const images = await BaseImages.open(files.settings);
  expect(images.known.base?.stamp).toBe("1");
  expect(images.known.recipe).toMatchObject({
    digest: digestOf(script),
    fallbackImage: "docker.io/library/debian:bookworm-slim",
  });
  await files.publish(imagesJson("2"), false);
  await expect(images.reload()).rejects.toMatchObject({ code: "bad_image_signature" });
  expect(images.known.base?.stamp).toBe("1");
  await files.publish(imagesJson("2"));
  expect((await images.reload()).base?.stamp).toBe("2");
  await writeFile(files.at("images.json.sig"), "abc");
  await expect(images.reload()).rejects.toThrow("64 bytes in base64");
  await rm(files.at("images.json.sig"));
  await expect(images.reload()).rejects.toThrow("images.json.sig: there is no such file");
});

test("a key of another kind, no key, and the leave to do without", async () => {
  await using files = await world();
  const { publicKey } = generateKeyPairSync("x25519");
  await writeFile(files.at("key.pem"), publicKey.export({ type: "spki", format: "pem" }));
  await expect(BaseImages.open(files.settings)).rejects.toThrow("expected one for Ed25519");
  await writeFile(files.at("key.pem"), "no key");
  await expect(BaseImages.open(files.settings)).rejects.toThrow("is no public key in PEM");
  const unsigned = { ...files.settings, keyFile: undefined };
  await expect(BaseImages.open(unsigned)).rejects.toThrow("--images-unsigned");
  expect((await BaseImages.open({ ...unsigned, unsigned: true })).known.base?.stamp).toBe("1");
});

test("a stamp means one image for ever", async () => {
  await using files = await world();
  const images = await BaseImages.open(files.settings);
  const other = imagesJson("1");
  other.arches.x64.oci.size = 1001;
  await files.publish(other);
  await expect(images.reload()).rejects.toMatchObject({ fault: "conflict", code: "stamp_reused" });
  await files.publish(imagesJson("2"));
  await images.reload();
  // Back to a stamp that is known, with what it meant.
  await files.publish(imagesJson("1"));
  expect((await images.reload()).base?.stamp).toBe("1");
});

test("the recipe is that of the manifest, wherever it lies", async () => {
  await using files = await world();
  await writeFile(files.at("recipe.sh"), "another");
  await expect(BaseImages.open(files.settings)).rejects.toThrow(`recipe.sh is ${digestOf("another")}`);
  await writeFile(files.at("mine.sh"), script);
  const named = { ...files.settings, recipeFile: files.at("mine.sh") };
  expect((await BaseImages.open(named)).known.recipe?.digest).toBe(digestOf(script));
  await writeFile(files.at("mine.sh"), "x".repeat(65 * 1024));
  await expect(BaseImages.open(named)).rejects.toThrow("a recipe at most 65536");
  await expect(BaseImages.open({ ...named, recipeFile: files.at("none.sh") })).rejects.toThrow(
    "none.sh: there is no such file",
  );
});

test("without a manifest there may be a recipe alone; a manifest that is not there is told", async () => {
  await using files = await world();
  const alone = { ...files.settings, manifestFile: undefined, recipeFile: files.at("recipe.sh") };
  const { known } = await BaseImages.open(alone);
  expect([known.base, known.recipe?.digest]).toEqual([undefined, digestOf(script)]);
  await rm(files.at("images.json"));
  await expect(BaseImages.open(files.settings)).rejects.toThrow("images.json: there is no such file");
});

test("options: environment, bounds, and what is refused", () => {
  const env = {
    HAVERSACK_IMAGES: "/i.json",
    HAVERSACK_IMAGES_UNSIGNED: "1",
    HAVERSACK_IMAGE_PERMITS: "3",
    HAVERSACK_FALLBACK_IMAGE: "",
  };
  expect(settleImages({}, env)).toMatchObject({
    manifestFile: "/i.json",
    unsigned: true,
    permits: 3,
    fallbackImage: "docker.io/library/debian:bookworm-slim",
  });
  expect(() => settleImages({ imagePermits: "0" }, {})).toThrow(
    "HAVERSACK_IMAGE_PERMITS: expected a whole number",
  );
  expect(() => settleImages({ fallbackImage: "a b" }, {})).toThrow("fallbackImage: expected a reference");
  const strict = settleImages({ images: "/f.json", imagesKey: "/k.pem" }, env);
  expect(strict).toMatchObject({ manifestFile: "/f.json", keyFile: "/k.pem", unsigned: false });
});

test.each([
  [{ images: "/i", imagesKey: "/k", imagesUnsigned: true }, {}, "leave one of them out"],
  [{ images: "/i", imagesUnsigned: true }, { HAVERSACK_IMAGES_KEY: "/k" }, "leave one of them out"],
  [{ imagesKey: "/k" }, {}, "add --images FILE"],
  [{ imagesUnsigned: true }, { HAVERSACK_IMAGES: "" }, "add --images FILE"],
])("what contradicts itself is refused: %j %j", (asked, env, told) => {
  expect(() => settleImages(asked, env)).toThrow(told);
});
