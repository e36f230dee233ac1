/** What every long-lived thing must stand: stopped before it starts, twice, at once, and again. */

import type { Service } from "@haversack/base";

const never = new AbortController().signal;

/** @param make a fresh one each time, with a port or folder of its own */
export async function exerciseService(make: () => Service): Promise<void> {
  const idle = make();
  await idle.stop("now");
  await idle.stop("drain");
  for (const mode of ["drain", "now"] as const) {
    const service = make();
    await service.start(never);
    await service.stop(mode);
    await service.stop(mode);
  }
  const hurried = make();
  await hurried.start(never);
  await Promise.all([hurried.stop("drain"), hurried.stop("now"), hurried.stop("now")]);
  const early = make();
  await Promise.all([early.start(never), early.stop("now")]);
  await early.stop("now");
}
