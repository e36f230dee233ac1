/**
 * Streams that stay open over as many connections as it takes: back-off with jitter between them. A connection that broke
 * says nothing of what it told about; how things ended comes from the server alone.
 */

import { type Clock, fullJitter, type Ms, pause, type Random } from "@haversack/base";

const floorMs: Ms = 500;
const capMs: Ms = 10_000;

export interface KeepOpen {
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  /** One connection, to its end. @param isOpen is called when it has told what there is */
  readonly connect: (isOpen: () => void, signal: AbortSignal) => Promise<void>;
  readonly onBroken: (error: unknown) => void;
  /** Whether there is no use in trying again. */
  readonly isHopeless: (error: unknown) => boolean;
}

/** Never rejects. Ends with the signal, or when there is no use. */
export async function keepOpen({ connect, ...parts }: KeepOpen, signal: AbortSignal): Promise<void> {
  const { clock, random, onBroken, isHopeless } = parts;
  let tries = 0;
  while (!signal.aborted) {
    try {
      await connect(() => {
        tries = 0;
      }, signal);
      // The server closes streams now and then: that is no fault, but twice at once is one.
      if (tries === 0) {
        tries = 1;
        continue;
      }
      if (!signal.aborted) onBroken(new Error("the server closed the stream"));
    } catch (error) {
      if (signal.aborted) return;
      onBroken(error);
      if (isHopeless(error)) return;
    }
    const waitMs = fullJitter(random, tries, floorMs, capMs);
    tries += 1;
    await pause(clock, waitMs, signal).catch(() => {});
  }
}
