/** How many a page has: as many as were asked for, or what is usual. */

import { FaultError } from "@haversack/base";

/** @param asked 0: it was not said */
export function pageLimit(asked: number, usual: number, max: number): number {
  if (asked <= max) return asked === 0 ? usual : asked;
  throw new FaultError("invalid", "bad_page_size", `page_size is ${asked}, at most ${max}`);
}
