/** The fleet as a table. */

import type { WorkerInfo } from "@haversack/protocol";
import { moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { table } from "./table.ts";

export function workerTable(list: readonly WorkerInfo[], paint: Paint): string {
  const rows = list.map((worker) => [
    printable(worker.name),
    stateText(worker, paint),
    `${worker.slotsUsed}/${worker.slots}`,
    moment(worker.lastSeenAt),
    worker.version,
    worker.certificateExpiresAt === undefined ? "-" : moment(worker.certificateExpiresAt),
    [...worker.labels].map(([name, value]) => printable(`${name}=${value}`)).join(" "),
    paint.faint(worker.id),
  ]);
  return table(["NAME", "STATE", "SLOTS", "LAST SEEN", "VERSION", "CERTIFICATE UNTIL", "LABELS", "ID"], rows);
}

/** Such as `connected, draining`. */
function stateText({ connected, availability, stopping, revokedAt }: WorkerInfo, paint: Paint): string {
  const words = [connected ? paint.good("connected") : paint.bad("away")];
  if (availability !== "open") words.push(availability);
  if (stopping === true) words.push("stopping");
  if (revokedAt !== undefined) words.push(paint.bad("revoked"));
  return words.join(", ");
}
