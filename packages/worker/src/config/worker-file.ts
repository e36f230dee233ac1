/** `worker.json` in the worker's data folder: what stands for the host rather than for one start. All of it may be left out. */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { FaultError, messageOf, systemCodeOf } from "@haversack/base";
import { isSecretName } from "@haversack/protocol";
import { z } from "zod";

const credentialsSchema = z.strictObject({
  username: z.string().min(1).max(256),
  /** Or a secret of the coordinator's vault. */
  password: z
    .union([
      z.string().min(1).max(4096),
      z.strictObject({ secret: z.string().refine(isSecretName, "expected the name of a secret") }),
    ])
    .exactOptional(),
  /** Absolute; its first line. */
  passwordFile: z.string().startsWith("/").exactOptional(),
});

const fileSchema = z.strictObject({
  images: z
    .strictObject({
      prefetch: z.string().exactOptional(),
      use: z.boolean().exactOptional(),
      source: z.enum(["file", "registry"]).exactOptional(),
      maxBytesPerSecond: z.number().int().min(1).exactOptional(),
      folder: z.string().startsWith("/").exactOptional(),
      /** By host, with the port where it is not the usual one. */
      credentials: z.record(z.string().regex(/^[a-z0-9.-]+(:\d{1,5})?$/), credentialsSchema).exactOptional(),
    })
    .exactOptional(),
});

export type WorkerFile = z.infer<typeof fileSchema>;

const workerFileName = "worker.json";
const bytesMax = 256 * 1024;

/** Throws FaultError `invalid` that names the file and the field. */
export function readWorkerFile(dataDir: string): WorkerFile {
  const path = join(dataDir, workerFileName);
  const text = textOf(path);
  if (text === undefined) return {};
  const parsed = fileSchema.safeParse(parseJson(text, path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw bad(`${path}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}`);
  }
  const holdsPassword = Object.values(parsed.data.images?.credentials ?? {}).some(
    ({ password }) => typeof password === "string",
  );
  const { mode } = statSync(path);
  if (holdsPassword && (mode & 0o077) !== 0)
    throw bad(
      `${path} holds a password and can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it`,
    );
  return parsed.data;
}

function textOf(path: string): string | undefined {
  try {
    if (statSync(path).size > bytesMax) throw bad(`${path}: more than ${bytesMax} bytes`);
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (error instanceof FaultError) throw error;
    throw bad(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bad(`${path}: no JSON: ${messageOf(error)}`);
  }
}

const bad = (message: string): FaultError => new FaultError("invalid", "bad_worker_file", message);
