/** How much of a list one answer holds. */

import type { Step } from "@haversack/protocol";

export const outputBytes = ({ outputs }: Pick<Step, "outputs">): number =>
  Buffer.byteLength(JSON.stringify(outputs));

/** How many of these have no more bytes than that together; one at least. */
export function countThatFits(sizes: readonly number[], bytes: number): number {
  let left = bytes;
  for (const [count, size] of sizes.entries()) {
    left -= size;
    if (left < 0) return Math.max(1, count);
  }
  return sizes.length;
}
