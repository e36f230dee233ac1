/** Options of a coordinator about the images of its workers. */

import { resolve } from "node:path";
import { parseByteSize } from "@haversack/base";
import { type Command, InvalidArgumentError, Option } from "commander";
import { collect, given } from "../options.ts";

export interface ImageOptions {
  readonly images?: string;
  readonly imagesKey?: string;
  readonly imagesUnsigned?: boolean;
  readonly fallbackImage?: string;
  readonly imageRecipe?: string;
  readonly imagePermits?: string;
  readonly registrySecret?: readonly string[];
}

/** What they do not say, the environment does: the coordinator reads HAVERSACK_IMAGES and its like itself. */
export function withImages(command: Command): Command {
  return command
    .option("--images <file>", "images.json of the base image (HAVERSACK_IMAGES)")
    .option("--images-key <file>", "public key of its publisher in PEM, Ed25519 (HAVERSACK_IMAGES_KEY)")
    .option("--images-unsigned", "take images.json without a signature (HAVERSACK_IMAGES_UNSIGNED=1)")
    .option(
      "--fallback-image <ref>",
      "what a deploy builds in without a base image, best by digest (HAVERSACK_FALLBACK_IMAGE)",
    )
    .option("--image-recipe <file>", "the script that it builds with (HAVERSACK_IMAGE_RECIPE)")
    .option("--image-permits <n>", "downloads of images at once in the fleet (HAVERSACK_IMAGE_PERMITS)")
    .option(
      "--registry-secret <name[@pool]>",
      "a secret that workers may have for fetching images; several times (HAVERSACK_REGISTRY_SECRETS, with commas)",
      collect,
    );
}

/** What a worker is told of images, beside when they are fetched. */
export interface WorkerImageOptions {
  readonly imagesMaxRate?: string;
  readonly imagesDir?: string;
}

export function withWorkerImages(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--images-max-rate <size>",
        "bytes a second for downloads of images, such as 4MiB (HAVERSACK_IMAGES_MAX_RATE)",
      ).argParser((text: string): string => {
        if ((parseByteSize(text) ?? 0) > 0) return text;
        throw new InvalidArgumentError("It must be bytes a second such as 4MiB.");
      }),
    )
    .option(
      "--images-dir <dir>",
      "where images are while they come; workers of one host may share it (HAVERSACK_IMAGES_DIR)",
    );
}

export function imagesAsked(options: ImageOptions, cwd: string) {
  const { images, imagesKey, imagesUnsigned, fallbackImage, imageRecipe, imagePermits } = options;
  const { registrySecret: registrySecrets } = options;
  const path = (file: string | undefined) => (file === undefined ? undefined : resolve(cwd, file));
  return given({
    images: path(images),
    imagesKey: path(imagesKey),
    imagesUnsigned,
    fallbackImage,
    imageRecipe: path(imageRecipe),
    imagePermits,
    registrySecrets,
  });
}
