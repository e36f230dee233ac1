/** A reader of the stream of one image, as a browser is one, and what it may see. */

import { expect } from "vitest";
import { type Frame, framesOf } from "./image-world.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface ImageRead {
  readonly frames: readonly Frame[];
  /** How often the reader had to come back. */
  readonly returns: number;
}

/** As an EventSource does it: comes back with the last id until it is told that there is nothing more. */
export async function readImage(
  address: () => string,
  token: string,
  onFrame: (frame: Frame) => void,
): Promise<ImageRead> {
  const frames: Frame[] = [];
  let last: string | undefined;
  for (let returns = 0; ; returns++) {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(last === undefined ? {} : { "last-event-id": last }),
    };
    const url = `${address()}/v1/workers/w/images/base/pull/stream`;
    const response = await fetch(url, { headers }).catch(() => undefined);
    if (response?.status === 204) return { frames, returns };
    if (response?.status === 200) {
      for await (const frame of framesOf(response)) {
        frames.push(frame);
        last = frame.id ?? last;
        onFrame(frame);
      }
    }
    await turn();
  }
}

/** It had figures that only went up, never failed, and has one end. */
export function expectWhole({ frames }: ImageRead, end: string): void {
  const ends = frames.filter(({ event }) => event === "end");
  expect(ends.map(({ data }) => data["state"])).toEqual([end]);
  expect(frames.at(-1)?.event).toBe("end");
  const states = frames.map(({ data }) => data["state"]);
  expect(states).not.toContain("failed");
  let most = 0;
  for (const { data } of frames) {
    const percent = (data["progress"] as { percent?: number | null } | null)?.percent ?? undefined;
    if (percent === undefined || percent === null) continue;
    expect(percent).toBeGreaterThanOrEqual(most);
    most = percent;
  }
  expect(most).toBeGreaterThan(0);
}

const total = 1000;
/** Of a download at so many percent. */
export const figures = (percent: number) =>
  ({ unit: "bytes", done: percent * 10, total, percent, bytesPerSecond: 10, etaSeconds: 1 }) as const;
