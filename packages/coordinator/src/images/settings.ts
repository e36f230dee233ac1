/** What a coordinator was told of images, checked and completed. */

import type { RegistrySecret } from "../secrets/registry-secret.ts";

export interface ImageSettings {
  /** `images.json`; undefined: there is no base image, every deploy builds. */
  readonly manifestFile: string | undefined;
  /** Public key in PEM that its signature is checked with. */
  readonly keyFile: string | undefined;
  /** Without a key: the manifest counts unsigned. */
  readonly unsigned: boolean;
  /** What the containers of the build path start from. */
  readonly fallbackImage: string;
  /** Undefined: the one beside the manifest, else the one that comes with Haversack. */
  readonly recipeFile: string | undefined;
  /** Downloads of images at once in the fleet. */
  readonly permits: number;
  /** That workers may have for fetching them. */
  readonly registrySecrets: readonly RegistrySecret[];
}
