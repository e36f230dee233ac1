/**
 * Where the coordinator is and with which token. In this order: `--url` and `--token`, HAVERSACK_URL and
 * HAVERSACK_TOKEN, the data folder named with `--data`, else the nearest `.haversack` here or above.
 * A local token goes only to the address that stands beside it.
 */

import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FaultError, systemCodeOf } from "@haversack/base";
import type { Outside } from "./outside.ts";

export const dataFolderName = ".haversack";

export interface ConnectAsked {
  readonly url?: string;
  readonly token?: string;
  /** A coordinator's data folder. */
  readonly data?: string;
}

/** `admin` may do everything; `worker` may only fetch work. */
export type Role = "admin" | "worker";

export interface Coordinates {
  readonly url: string;
  readonly token: string;
  /** Where this comes from, for error messages. */
  readonly from: string;
}

interface Local {
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
}

export async function findCoordinator(
  asked: ConnectAsked,
  role: Role,
  outside: Outside,
): Promise<Coordinates> {
  const url = nonEmpty(asked.url) ?? nonEmpty(outside.env.HAVERSACK_URL);
  const token = nonEmpty(asked.token) ?? nonEmpty(outside.env.HAVERSACK_TOKEN);
  const local = await findLocal(asked.data, outside.cwd);
  if (url !== undefined) {
    checkUrl(url, role);
    if (token !== undefined) return { url, token, from: "--url" };
    if (local?.url === url) return localCoordinates(local, role);
    throw new FaultError(
      "invalid",
      "missing_token",
      `a token for ${url} is missing: --token, or HAVERSACK_TOKEN`,
    );
  }
  if (local === undefined) throw nothingHere(asked.data);
  if (!outside.isAlive(local.pid)) throw gone(local);
  const found = await localCoordinates(local, role);
  return token === undefined ? found : { ...found, token };
}

/** What a coordinator wrote about itself into its data folder. */
export async function readLocal(folder: string): Promise<Local | undefined> {
  const text = await readText(join(folder, "coordinator.json"));
  if (text === undefined) return undefined;
  try {
    const { url, pid } = JSON.parse(text) as { url?: unknown; pid?: unknown };
    return typeof url === "string" && typeof pid === "number" ? { url, pid, folder } : undefined;
  } catch {
    return undefined;
  }
}

async function findLocal(data: string | undefined, cwd: string): Promise<Local | undefined> {
  if (data !== undefined) return readLocal(resolve(cwd, data));
  for (let folder = cwd; ; folder = dirname(folder)) {
    const local = await readLocal(join(folder, dataFolderName));
    if (local !== undefined || folder === dirname(folder)) return local;
  }
}

async function localCoordinates(local: Local, role: Role): Promise<Coordinates> {
  const file = join(local.folder, `${role}.token`);
  const token = (await readText(file))?.trim();
  if (token !== undefined && token !== "") return { url: local.url, token, from: local.folder };
  throw new FaultError("denied", "missing_token", `${file} is missing or empty: give the token with --token`);
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT" || systemCodeOf(error) === "ENOTDIR") return undefined;
    throw new FaultError(
      "denied",
      "unreadable",
      `${file} cannot be read: ${systemCodeOf(error) ?? "unknown"}`,
      {
        cause: error,
      },
    );
  }
}

function nothingHere(data: string | undefined): FaultError {
  const where = data === undefined ? "here or in a folder above" : `with its data in ${data}`;
  const what = `no coordinator runs ${where}: start one with \`npm start\` or \`haversack coordinator\``;
  return new FaultError("unavailable", "no_coordinator", `${what}, or name one with --url and --token`);
}

function gone({ pid, folder }: Local): FaultError {
  const what = `the coordinator of ${folder} (pid ${pid}) no longer runs`;
  return new FaultError("unavailable", "coordinator_gone", `${what}: start it again with \`npm start\``);
}

/** Workers may be given several, with commas. */
function checkUrl(url: string, role: Role): void {
  const all = role === "worker" ? url.split(",") : [url];
  if (all.every((one) => /^https?:$/.test(URL.parse(one.trim())?.protocol ?? ""))) return;
  throw new FaultError(
    "invalid",
    "bad_url",
    `the coordinator's address must look like http://127.0.0.1:7420`,
  );
}

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);
