/** Deployments in words: how one came to be, where it answers. Pure. */

import {
  type DeploymentInfo,
  type DeploymentState,
  imageStatesInFlight,
  type PublishedPort,
  type WorkerImage,
} from "@haversack/protocol";
import { stateNames } from "./image-words.ts";
import type { Tone } from "./tone.ts";

export const deploymentTones = {
  deploying: "busy",
  running: "good",
  stopped: "bad",
  missing: "bad",
  unknown: "warn",
  "needs-secrets": "warn",
  orphan: "warn",
  abandoned: "quiet",
  failed: "bad",
} as const satisfies Record<DeploymentState, Tone>;

/** `stopped (3)`, `needs secrets`. */
export function deploymentState({ state, exitCode }: DeploymentInfo): string {
  const code = state === "stopped" && exitCode !== undefined ? ` (${exitCode})` : "";
  return `${state.replaceAll("-", " ")}${code}`;
}

const digestCharacters = "sha256:".length + 12;

/**
 * `from image 2026.11.1`, `this deploy builds; image 49 %`, `built; the image failed`. While a first deploy is under way
 * nobody has told yet which way it takes.
 *
 * @param image the base image on its worker
 */
export function originText(info: DeploymentInfo, image: WorkerImage | undefined): string | undefined {
  const { report, state } = info;
  const coming = comingText(info, image);
  if (report?.path === undefined) return state === "deploying" ? coming : undefined;
  const { path, stamp, imageDigest, fellBack } = report;
  if (path === "image")
    return `from image ${stamp ?? imageDigest?.slice(0, digestCharacters) ?? ""}`.trimEnd();
  const built = fellBack
    ? "built; the image failed"
    : coming === undefined
      ? "built here"
      : "this deploy builds";
  return coming === undefined ? built : `${built}; ${coming}`;
}

/** `image 49 %`: as far as the server knows. */
function comingText({ image: ref }: DeploymentInfo, image: WorkerImage | undefined): string | undefined {
  if (ref !== "base" || image === undefined || !imageStatesInFlight.has(image.status.state)) return undefined;
  const { state, progress } = image.status;
  return `image ${progress?.percent === undefined ? stateNames[state] : `${progress.percent} %`}`;
}

interface Place {
  readonly text: string;
  /** Absent: what the worker says is no address that a reader should be led to. */
  readonly href?: string;
}

const ipv4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const ipv6 = /^[0-9a-f:]{2,39}$/i;

/** Where it answers. A worker's words lead nowhere but to a port of an address. */
export function placeOf({ address, hostPort, containerPort }: PublishedPort): Place {
  const host = address.includes(":") ? `[${address}]` : address;
  const text = `${host}:${hostPort} → ${containerPort}`;
  const url = ipv4.test(address) || ipv6.test(address) ? URL.parse(`http://${host}:${hostPort}`) : null;
  return url?.protocol === "http:" ? { text, href: url.href } : { text };
}
