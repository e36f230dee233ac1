/**
 * The recipe: `provision.sh` with the lock written into it, one file that needs nothing beside it. Its sha256 is the
 * name by which images, tasks and containers speak of it, so every byte here comes from files of this folder and from
 * the agent runtime, and none from the machine.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { FaultError } from "@haversack/base";
import { z } from "zod";
import { type Arch, arches, names } from "./arch.ts";

export const recipeBytesMax = 64 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const wordless = z.string().regex(/^[A-Za-z0-9.+~:%/_-]+$/, "must be one word without quotes");

const recipeFile = z.strictObject({
  format: z.literal("haversack-recipe"),
  version: z.literal(1),
  stamp: z.string().regex(/^[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,3}$/, "must look like 2026.11.1"),
  /** No file in an image is younger. */
  epochSeconds: z.int().positive(),
  suite: wordless,
  /** Beside those that every Debian has. */
  packages: z.array(wordless).min(1),
  node: wordless,
  /** `%a` stands for `debian` or `debian-security`. */
  mirrors: z.array(wordless).min(1),
  registry: wordless,
  user: z.strictObject({ name: wordless, id: z.int().min(1000).max(65_000) }),
});

const lockedPackage = z.strictObject({
  name: wordless,
  version: wordless,
  /** `amd64`, `arm64` or `all`. */
  arch: wordless,
  sha256,
  size: z.int().positive(),
  /** Below a mirror, without the archive. */
  path: wordless,
});
const lockedNode = z.strictObject({ path: wordless, sha256, size: z.int().positive(), license: wordless });
const perArch = <Shape extends z.ZodType>(shape: Shape) => z.strictObject({ arm64: shape, x64: shape });

const lockFile = z.strictObject({ debian: perArch(z.array(lockedPackage)), node: perArch(lockedNode) });

export type RecipeFile = z.infer<typeof recipeFile>;
export type LockedPackage = z.infer<typeof lockedPackage>;
export type LockFile = z.infer<typeof lockFile>;

export interface Recipe {
  readonly file: RecipeFile;
  readonly lock: LockFile;
  /** The script. */
  readonly text: string;
  /** `sha256:…` of the script. */
  readonly digest: string;
}

const here = (name: string) => new URL(name, import.meta.url);

export async function readRecipeFile(): Promise<RecipeFile> {
  return read("recipe.json", recipeFile);
}

export async function readLock(): Promise<LockFile> {
  return read("lock.json", lockFile);
}

/** @param runtime the packed agent runtime that the recipe installs. @param runtimeUrls where it will be. */
export async function readRecipe(
  runtime: { readonly sha256: string; readonly size: number },
  runtimeUrls: readonly string[],
): Promise<Recipe> {
  const [file, lock, template] = await Promise.all([
    readRecipeFile(),
    readLock(),
    readFile(here("provision.sh"), "utf8"),
  ]);
  const text = renderRecipe(template, { file, lock, runtime, runtimeUrls });
  return { file, lock, text, digest: `sha256:${createHash("sha256").update(text).digest("hex")}` };
}

/** Throws FaultError `recipe_too_large`, `recipe_broken`. */
export function renderRecipe(
  template: string,
  parts: {
    readonly file: RecipeFile;
    readonly lock: LockFile;
    readonly runtime: { sha256: string; size: number };
    readonly runtimeUrls: readonly string[];
  },
): string {
  const { file, lock, runtime, runtimeUrls } = parts;
  const odd = runtimeUrls.find((url) => !wordless.safeParse(url).success);
  if (odd !== undefined)
    throw new FaultError(
      "invalid",
      "recipe_broken",
      `the address ${odd} must be plain: letters, digits and .+~:%/_-`,
    );
  const values: Record<string, string> = {
    STAMP: file.stamp,
    MIRRORS: file.mirrors.join(" "),
    REGISTRY: file.registry,
    NODE_VERSION: file.node,
    RUNTIME_URLS: runtimeUrls.join(" "),
    RUNTIME: `${runtime.sha256} ${runtime.size}`,
    USER: `${file.user.name} ${file.user.id}`,
    PACKAGES: file.packages.join(" "),
    NODE_LOCK: arches.map((arch) => nodeLine(arch, lock)).join("\n"),
    DEBIAN_LOCK: debianLines(lock).join("\n"),
  };
  const text = template.replaceAll(/@@([A-Z_]+)@@/g, (mark, name: string) => {
    const value = values[name];
    if (value === undefined)
      throw new FaultError("invalid", "recipe_broken", `provision.sh names ${mark}, which is nothing`);
    return value;
  });
  const size = Buffer.byteLength(text);
  if (size <= recipeBytesMax) return text;
  const message = `the recipe has ${size} bytes, the most is ${recipeBytesMax}: it travels with each task; ask for fewer packages in images/recipe.json`;
  throw new FaultError("invalid", "recipe_too_large", message);
}

function nodeLine(arch: Arch, { node }: LockFile): string {
  const { sha256: hash, size, path } = node[arch];
  return `${names[arch].debian} ${hash} ${size} ${path}`;
}

/** A package that both have stands once. */
function debianLines({ debian }: LockFile): string[] {
  const lines = arches.flatMap((arch) => debian[arch].map((each) => `${each.arch} ${packageLine(each)}`));
  return [...new Set(lines)].toSorted();
}

const packageLine = ({ name, version, sha256: hash, size, path }: LockedPackage) =>
  `${name} ${version} ${hash} ${size} ${path}`;

async function read<Value>(name: string, schema: z.ZodType<Value>): Promise<Value> {
  const parsed = schema.safeParse(JSON.parse(await readFile(here(name), "utf8")));
  if (parsed.success) return parsed.data;
  throw new FaultError("invalid", "recipe_broken", `images/${name}: ${z.prettifyError(parsed.error)}`);
}
