/**
 * What the coordinator knows of the base image: `images.json` with its signature, and the recipe. Read at start and when
 * somebody asks; what is found wrong changes nothing. A stamp means one image for ever.
 */

import { dirname } from "node:path";
import { FaultError, readIfThere, sortedJson } from "@haversack/base";
import type { BaseImage, ImageRecipe } from "@haversack/protocol";
import { baseImageOf, type ImageManifest, parseImageManifest } from "./manifest.ts";
import { findRecipe } from "./recipe.ts";
import type { ImageSettings } from "./settings.ts";
import { publicKeyOf, requireSigned } from "./signature.ts";

export interface KnownImages {
  /** Absent: every deploy builds. */
  readonly base?: BaseImage;
  /** Absent: nothing can be built either. */
  readonly recipe?: ImageRecipe;
}

const manifestBytesMax = 1024 * 1024;

export class BaseImages {
  readonly #settings: ImageSettings;
  /** By stamp, as canonical text. */
  readonly #seen = new Map<string, string>();
  #known: KnownImages = {};

  private constructor(settings: ImageSettings) {
    this.#settings = settings;
  }

  /** Rejects with FaultError `invalid` for files that cannot be used. */
  static async open(settings: ImageSettings): Promise<BaseImages> {
    const images = new BaseImages(settings);
    await images.reload();
    return images;
  }

  get known(): KnownImages {
    return this.#known;
  }

  /** Rejects with FaultError `invalid`; then what was known stays known. */
  async reload(): Promise<KnownImages> {
    const { manifestFile, recipeFile, fallbackImage } = this.#settings;
    const manifest = manifestFile === undefined ? undefined : await this.#read(manifestFile);
    const base = manifest === undefined ? undefined : baseImageOf(manifest);
    const beside = manifestFile === undefined ? undefined : dirname(manifestFile);
    const recipe = await findRecipe({ file: recipeFile, beside, expected: base?.recipe, fallbackImage });
    if (manifest !== undefined) this.#seen.set(manifest.stamp, sortedJson(manifest));
    this.#known = { ...(base === undefined ? {} : { base }), ...(recipe === undefined ? {} : { recipe }) };
    return this.#known;
  }

  async #read(path: string): Promise<ImageManifest> {
    const bytes = await readIfThere(path);
    if (bytes === undefined) throw refused(`${path}: there is no such file (--images, HAVERSACK_IMAGES)`);
    if (bytes.length > manifestBytesMax)
      throw refused(`${path} has ${bytes.length} bytes, a manifest of images at most ${manifestBytesMax}`);
    await this.#requireSigned(path, bytes);
    const manifest = parseImageManifest(bytes.toString("utf8"), path);
    const before = this.#seen.get(manifest.stamp);
    if (before === undefined || before === sortedJson(manifest)) return manifest;
    const message = `${path}: stamp ${manifest.stamp} meant another image before: a stamp never changes its meaning, so publish under a new one`;
    throw new FaultError("conflict", "stamp_reused", message);
  }

  async #requireSigned(path: string, bytes: Uint8Array): Promise<void> {
    const { keyFile, unsigned } = this.#settings;
    if (keyFile === undefined) {
      if (unsigned) return;
      const message = `${path}: nobody says who may sign it: name the publisher's public key with --images-key FILE, or take the file unsigned with --images-unsigned`;
      throw refused(message);
    }
    const pem = await readIfThere(keyFile);
    if (pem === undefined) throw refused(`${keyFile}: there is no such file (--images-key)`);
    const signaturePath = `${path}.sig`;
    const signature = (await readIfThere(signaturePath))?.toString("utf8");
    if (signature === undefined)
      throw refused(`${signaturePath}: there is no such file, and --images-key asks for a signature`);
    const key = publicKeyOf(pem, keyFile);
    requireSigned({ path, bytes, signaturePath, signature, keyPath: keyFile, key });
  }
}

const refused = (message: string): FaultError => new FaultError("invalid", "bad_image_manifest", message);
