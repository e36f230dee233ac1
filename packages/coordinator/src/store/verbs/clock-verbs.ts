/** The clock that all coordinators of a database share. */

import { present } from "@haversack/base";
import { integer } from "../rows.ts";
import { clockNow } from "../statements/clock.ts";
import type { VerbContext } from "../verb.ts";

export async function clockRead({ tx }: VerbContext): Promise<number> {
  return integer(present(await tx.one(clockNow), "the time"), "now");
}
