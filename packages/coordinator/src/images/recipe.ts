/** The script that makes a base image of a plain Debian one: found, read, and compared with what the manifest says. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FaultError, readIfThere } from "@haversack/base";
import { type Digest, type ImageRecipe, parseDigest } from "@haversack/protocol";
import { digestOf } from "@haversack/snapshot";

const scriptBytesMax = 64 * 1024;
/** Not `provision.sh`: that is what the recipe is rendered from. */
const names = ["recipe.sh"];
const ownFolder = fileURLToPath(new URL("../../../../images/", import.meta.url));

export interface RecipeAsked {
  /** That and no other. */
  readonly file: string | undefined;
  /** Folder of the manifest. */
  readonly beside: string | undefined;
  /** Of the manifest; undefined: there is none. */
  readonly expected: Digest | undefined;
  readonly fallbackImage: string;
}

/** Undefined: there is none, and no manifest that needs one. Throws FaultError `invalid`. */
export async function findRecipe(asked: RecipeAsked): Promise<ImageRecipe | undefined> {
  const { file, beside, expected, fallbackImage } = asked;
  const folders = [...(beside === undefined ? [] : [beside]), ownFolder];
  const places = file === undefined ? folders.flatMap((at) => names.map((name) => join(at, name))) : [file];
  const seen: string[] = [];
  for (const place of places) {
    const script = await readIfThere(place);
    if (script === undefined) continue;
    if (script.length > scriptBytesMax)
      throw refused(`${place} has ${script.length} bytes, a recipe at most ${scriptBytesMax}`);
    const digest = parseDigest(digestOf(script));
    if (expected === undefined || digest === expected) return { digest, script, fallbackImage };
    seen.push(`${place} is ${digest}`);
  }
  if (file !== undefined && seen.length === 0) throw refused(`${file}: there is no such file`);
  if (expected === undefined) return undefined;
  const found = seen.length === 0 ? `there is none at ${places.join(", ")}` : seen.join(", ");
  throw refused(
    `the manifest asks for the recipe ${expected}; ${found}: put the recipe of the release beside the manifest, or name it with --image-recipe`,
  );
}

const refused = (message: string): FaultError => new FaultError("invalid", "bad_image_recipe", message);
