/** What a coordinator is told of the images of its workers: checked and completed. */

import { resolve } from "node:path";
import { FaultError } from "@haversack/base";
import type { ImageSettings } from "../images/settings.ts";
import type { CoordinatorAsked } from "./options.ts";
import { settleRegistrySecrets } from "./registry-secrets.ts";

const fallbackDefault = "docker.io/library/debian:bookworm-slim";
const permitsDefault = "20";
const permitsBound = 10_000;

export function settleImages(asked: CoordinatorAsked, env: NodeJS.ProcessEnv): ImageSettings {
  const fallbackImage = asked.fallbackImage ?? nonEmpty(env["HAVERSACK_FALLBACK_IMAGE"]) ?? fallbackDefault;
  if (!/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}$/.test(fallbackImage))
    throw bad("fallbackImage", "a reference such as docker.io/library/debian@sha256:…", fallbackImage);
  return {
    ...manifestOf(asked, env),
    fallbackImage,
    recipeFile: path(asked.imageRecipe ?? env["HAVERSACK_IMAGE_RECIPE"]),
    permits: parsePermits(asked.imagePermits ?? nonEmpty(env["HAVERSACK_IMAGE_PERMITS"]) ?? permitsDefault),
    registrySecrets: settleRegistrySecrets(asked, env),
  };
}

/** Who named a key here meant it, whatever the environment lets pass; nobody is left to guess what else was meant. */
function manifestOf(
  asked: CoordinatorAsked,
  env: NodeJS.ProcessEnv,
): Pick<ImageSettings, "manifestFile" | "keyFile" | "unsigned"> {
  const manifestFile = path(asked.images ?? env["HAVERSACK_IMAGES"]);
  const keyFile = path(asked.imagesKey ?? env["HAVERSACK_IMAGES_KEY"]);
  const isLax = /^(1|true|yes|on)$/i.test(env["HAVERSACK_IMAGES_UNSIGNED"] ?? "");
  const unsigned = asked.imagesUnsigned ?? (isLax && asked.imagesKey === undefined);
  if (unsigned && keyFile !== undefined)
    throw conflict(
      "images.json is to count unsigned (--images-unsigned, HAVERSACK_IMAGES_UNSIGNED), and a key is named (--images-key, HAVERSACK_IMAGES_KEY): leave one of them out",
    );
  const isHow = asked.imagesKey !== undefined || asked.imagesUnsigned === true;
  if (isHow && manifestFile === undefined)
    throw conflict(
      "--images-key and --images-unsigned say how images.json is checked, and none is named: add --images FILE, or set HAVERSACK_IMAGES",
    );
  return { manifestFile, keyFile, unsigned };
}

const conflict = (message: string): FaultError => new FaultError("invalid", "bad_option", message);

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

function path(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : resolve(text);
}

function parsePermits(text: string): number {
  const permits = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (permits >= 1 && permits <= permitsBound) return permits;
  throw bad("HAVERSACK_IMAGE_PERMITS", `a whole number from 1 to ${permitsBound}`, text);
}

const bad = (field: string, expected: string, value: string): FaultError =>
  new FaultError("invalid", "bad_option", `${field}: expected ${expected}, found ${JSON.stringify(value)}`);
