/** How a worker deals with images: what was asked by flag, environment and `worker.json`, checked and completed. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { FaultError, messageOf, parseByteSize } from "@haversack/base";
import type { WorkerAsked } from "./options.ts";
import { prefetchVariable, type SettledPrefetch, settlePrefetch } from "./prefetch-policy.ts";
import type { WorkerFile } from "./worker-file.ts";

export interface HostCredentials {
  readonly username: string;
  readonly password: string;
}

/** By host, with the port where it is not the usual one. */
export type Credentials = ReadonlyMap<
  string,
  {
    readonly username: string;
    /** By its name: it stands in the coordinator's vault. */
    readonly password: string | { readonly secret: string };
  }
>;

export interface ImageSettings {
  readonly prefetch: SettledPrefetch;
  /** Undefined: below the data folder. Workers of one host may share one. */
  readonly folder: string | undefined;
  /** 0: without limit. */
  readonly bytesPerSecondMax: number;
  /** A base image that is there is used. */
  readonly use: boolean;
  /** Where the base image comes from: files that we download, or a registry that the engine pulls from. */
  readonly source: "file" | "registry";
  readonly credentials: Credentials;
}

export function settleImages(
  asked: Pick<WorkerAsked, "prefetchBaseImage" | "imagesMaxRate" | "imagesDir">,
  env: NodeJS.ProcessEnv,
  { images = {} }: WorkerFile,
): ImageSettings {
  const folder = asked.imagesDir ?? (env["HAVERSACK_IMAGES_DIR"] || undefined) ?? images.folder;
  return {
    prefetch: settlePrefetch(asked.prefetchBaseImage, env[prefetchVariable], images.prefetch),
    folder: folder === undefined ? undefined : resolve(folder),
    bytesPerSecondMax: rateOf(
      asked.imagesMaxRate ?? env["HAVERSACK_IMAGES_MAX_RATE"],
      images.maxBytesPerSecond,
    ),
    use: images.use ?? true,
    source: images.source ?? "file",
    credentials: new Map(
      Object.entries(images.credentials ?? {}).map(([host, { username, password, passwordFile }]) => [
        host,
        { username, password: password ?? passwordIn(host, passwordFile) },
      ]),
    ),
  };
}

function rateOf(text: string | undefined, file: number | undefined): number {
  if (text === undefined || text.trim() === "") return file ?? 0;
  const bytes = parseByteSize(text.trim());
  if (bytes !== undefined && bytes > 0) return bytes;
  const message = `--images-max-rate (HAVERSACK_IMAGES_MAX_RATE): expected bytes a second such as 4MiB, found ${JSON.stringify(text)}`;
  throw new FaultError("invalid", "bad_option", message);
}

function passwordIn(host: string, file: string | undefined): string {
  const field = `worker.json: images.credentials.${host}`;
  if (file === undefined)
    throw new FaultError("invalid", "bad_worker_file", `${field}: expected password or passwordFile`);
  try {
    return readFileSync(file, "utf8").split("\n")[0]?.trim() ?? "";
  } catch (error) {
    throw new FaultError("invalid", "bad_worker_file", `${field}.passwordFile: ${messageOf(error)}`);
  }
}
