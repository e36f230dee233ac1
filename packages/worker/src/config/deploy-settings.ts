/** Whether a worker runs containers, with which engine, and what of its host they may have. */

import { isIP } from "node:net";
import { FaultError, parseByteSize } from "@haversack/base";
import { type Takes, takesChoices } from "@haversack/protocol";

export const engineNames = ["auto", "docker", "podman", "lxd", "incus"] as const;
export type EngineName = (typeof engineNames)[number];

export interface DeploySettings {
  /** `auto`: the first that answers. */
  readonly engine: EngineName;
  /** Path of its socket; absent: where it usually is. */
  readonly socket?: string;
  /** On which published ports listen. */
  readonly publishAddress: string;
  /**
   * What the build path starts from on this worker, in place of what the coordinator names: a reference by digest, or the
   * id or fingerprint of an image that its engine has.
   */
  readonly fallbackImage?: string;
  /** Of one container, unless its step says less or more. */
  readonly bounds: DeployBounds;
  /** `deploys`: no other steps, which could use the engine's socket as the worker can. */
  readonly takes: Takes;
}

export interface DeployBounds {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly pids: number;
}

const presets: DeployBounds = { cpuMillis: 1000, memoryBytes: 512 * 1024 ** 2, pids: 512 };

/**
 * @param asked `deploy`: `auto`, `docker`, `podman`, `lxd` or `incus`, each with `=SOCKET` or without; absent, empty or `off`: no
 *   containers. `takes`: `all`, which absent and empty mean as well, or `deploys`. Throws `bad_option`.
 */
export function deploySettings(
  asked: { readonly deploy?: string; readonly takes?: string },
  env: NodeJS.ProcessEnv,
): DeploySettings | undefined {
  const text = (asked.deploy ?? env["HAVERSACK_DEPLOY"] ?? "").trim();
  const engine = text === "" || text === "off" ? undefined : parseEngine(text);
  // Also where nothing is deployed: a mistake is found when it is made.
  const publishAddress = address(env);
  const bounds = {
    cpuMillis: Math.round(1000 * number(env, "HAVERSACK_DEPLOY_CPU", [0.01, 1024], presets.cpuMillis / 1000)),
    memoryBytes: memory(env),
    pids: number(env, "HAVERSACK_DEPLOY_PIDS", [8, 4_000_000], presets.pids),
  };
  const fallbackImage = env["HAVERSACK_DEPLOY_FALLBACK_IMAGE"] ?? "";
  const takes = parseTakes(asked.takes ?? env["HAVERSACK_TAKES"] ?? "");
  if (engine === undefined && takes === "deploys")
    throw bad("takes", "all, for a worker without --deploy takes no deploys", takes);
  if (engine === undefined) return undefined;
  return { ...engine, publishAddress, bounds, takes, ...(fallbackImage !== "" && { fallbackImage }) };
}

function parseEngine(text: string): Pick<DeploySettings, "engine" | "socket"> {
  const [name = "", ...rest] = text.split("=");
  const engine = engineNames.find((each) => each === name);
  const socket = rest.join("=").replace(/^unix:\/\//, "");
  const isGood = rest.length === 0 || (socket.startsWith("/") && name !== "auto");
  if (engine === undefined || !isGood) {
    const expected = `${engineNames.join(", ")} or off; all but auto also with the path of a socket, such as docker=/run/docker.sock`;
    throw bad("deploy", expected, text);
  }
  return { engine, ...(rest.length > 0 && { socket }) };
}

function parseTakes(text: string): Takes {
  const word = text.trim();
  const takes = word === "" ? "all" : takesChoices.find((each) => each === word);
  if (takes === undefined) throw bad("takes", takesChoices.join(" or "), text);
  return takes;
}

function address(env: NodeJS.ProcessEnv): string {
  const text = env["HAVERSACK_DEPLOY_PUBLISH"] ?? "";
  if (text === "") return "127.0.0.1";
  if (isIP(text) !== 0) return text;
  throw bad("HAVERSACK_DEPLOY_PUBLISH", "an address of this host such as 127.0.0.1", text);
}

function memory(env: NodeJS.ProcessEnv): number {
  const text = env["HAVERSACK_DEPLOY_MEMORY"] ?? "";
  const bytes = text === "" ? presets.memoryBytes : parseByteSize(text);
  if (bytes !== undefined && bytes >= 8 * 1024 ** 2) return bytes;
  throw bad("HAVERSACK_DEPLOY_MEMORY", "a size of at least 8MiB such as 512MiB", text);
}

function number(
  env: NodeJS.ProcessEnv,
  name: string,
  [min, max]: readonly [number, number],
  preset: number,
): number {
  const text = env[name] ?? "";
  if (text === "") return preset;
  const value = Number(text);
  if (value >= min && value <= max) return value;
  throw bad(name, `a number from ${min} to ${max}`, text);
}

function bad(field: string, expected: string, value: string): FaultError {
  const message = `${field}: expected ${expected}, found ${JSON.stringify(value)}`;
  return new FaultError("invalid", "bad_option", message);
}
