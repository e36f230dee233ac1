/** What `--json` prints of deployments: public, documented in docs/operations.md. Times are ISO 8601 in UTC. */

import type { DeploymentInfo } from "@haversack/protocol";

const time = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

export function deploymentJson(info: DeploymentInfo): object {
  const { deployedAt, seenAt, expiresAt, ...rest } = info;
  return { ...rest, deployedAt: time(deployedAt), seenAt: time(seenAt), expiresAt: time(expiresAt) };
}
