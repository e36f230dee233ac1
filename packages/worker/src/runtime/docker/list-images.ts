/** What an engine has in its store. */

import { pause } from "@haversack/base";
import type Dockerode from "dockerode";
import { type Engine, engineCall, saidBy, statusOf } from "./engine.ts";

const triesMax = 10;
const betweenMs = 50;

/** Podman looks at each image as it lists them, and fails as a whole when one goes meanwhile: it is asked again. */
export async function listImages(
  { docker, clock }: Pick<Engine, "docker" | "clock">,
  filters: Readonly<Record<string, readonly string[]>>,
  signal: AbortSignal,
): Promise<readonly Dockerode.ImageInfo[]> {
  return await engineCall("listing images", signal, async () => {
    for (let tries = 1; ; tries++) {
      try {
        return await docker.listImages({ filters: JSON.stringify(filters), abortSignal: signal });
      } catch (error) {
        if (tries === triesMax || !wentMeanwhile(error)) throw error;
        await pause(clock, betweenMs, signal);
      }
    }
  });
}

const wentMeanwhile = (error: unknown): boolean =>
  statusOf(error) === 500 && /image not known|no such image/i.test(saidBy(error));
