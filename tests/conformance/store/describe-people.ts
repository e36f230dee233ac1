/** Who may do what, and who is who. */

import { describeAccess } from "./describe-access.ts";
import { describeIdentity } from "./describe-identity.ts";
import type { OpenStore } from "./describe-store.ts";

export function describePeople(name: string, open: OpenStore): void {
  describeAccess(name, open);
  describeIdentity(name, open);
}
