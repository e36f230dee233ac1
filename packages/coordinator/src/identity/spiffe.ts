/** The name that a worker's certificate carries: `spiffe://<cluster>/worker/<id>`, and nothing beside it. */

import type { X509Certificate } from "node:crypto";
import { parseWorkerId, type WorkerId } from "@haversack/protocol";

export const workerUri = (cluster: string, id: WorkerId): string => `spiffe://${cluster}/worker/${id}`;

/** Undefined: it names no worker of this cluster. The whole text is compared: no prefix, no second name (AU-7). */
export function workerNamedBy(certificate: X509Certificate, cluster: string): WorkerId | undefined {
  const prefix = `URI:${workerUri(cluster, "" as WorkerId)}`;
  const names = certificate.subjectAltName ?? "";
  const id = names.slice(prefix.length);
  if (!names.startsWith(prefix) || !/^[0-9A-Za-z_-]{1,64}$/.test(id)) return undefined;
  return parseWorkerId(id);
}
