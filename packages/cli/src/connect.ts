/**
 * Where the coordinator is and with which token. In this order: `--url` and `--token` or `--token-file`, HAVERSACK_URL and
 * HAVERSACK_TOKEN, the data folder named with `--data`, else the nearest `.haversack` here or above.
 * A local token goes only to the address that stands beside it.
 */

import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FaultError, systemCodeOf } from "@haversack/base";
import { type ClientOptions, joinServerName } from "@haversack/protocol";
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
  /** File of the authority of a coordinator on this machine; absent: it has no TLS, or is elsewhere. */
  readonly localCa?: string;
}

interface Local {
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
  readonly ca?: string;
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
    if (token !== undefined) return { url, token, from: "--url", ...caOf(local, url) };
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
    const { url, pid, ca } = JSON.parse(text) as { url?: unknown; pid?: unknown; ca?: unknown };
    if (typeof url !== "string" || typeof pid !== "number") return undefined;
    return { url, pid, folder, ...(typeof ca === "string" ? { ca } : {}) };
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
  if (token !== undefined && token !== "")
    return { url: local.url, token, from: local.folder, ...caOf(local, local.url) };
  throw new FaultError("denied", "missing_token", `${file} is missing or empty: give the token with --token`);
}

const caOf = (local: Local | undefined, url: string): { readonly localCa?: string } =>
  local?.ca === undefined || local.url !== url ? {} : { localCa: local.ca };

/** Whose certificate an https coordinator must have. A coordinator on this machine is known by its own authority. */
export async function trustFor(
  { url, localCa }: Pick<Coordinates, "url" | "localCa">,
  caFile: string | undefined,
  { cwd, env }: Pick<Outside, "cwd" | "env">,
): Promise<Pick<ClientOptions, "ca" | "serverName">> {
  const named = nonEmpty(caFile) ?? nonEmpty(env["HAVERSACK_CA_FILE"]);
  if (!url.startsWith("https:")) return {};
  if (named === undefined && localCa !== undefined)
    return { ca: (await readText(localCa)) ?? "", serverName: joinServerName };
  if (named === undefined) return {};
  const ca = await readText(resolve(cwd, named));
  if (ca?.includes("BEGIN CERTIFICATE") === true) return { ca };
  throw new FaultError("invalid", "bad_ca_file", `--ca: ${named} holds no certificate in PEM`);
}

/** The token that a file holds. */
export async function tokenIn(file: string, cwd: string): Promise<string> {
  const text = (await readText(resolve(cwd, file)))?.trim();
  if (text !== undefined && text !== "") return text;
  const what = text === undefined ? "is not there" : "is empty";
  throw new FaultError("invalid", "token_file", `the token file ${file} ${what}`);
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
    `the coordinator's address must look like https://ci.example:7420 or http://127.0.0.1:7420`,
  );
}

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);
