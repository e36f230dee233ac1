/** What stands under which name, where, and how it came to be. */

import { Empty } from "../parts/empty.tsx";

interface DeploymentsParts {
  /** The one whose details are shown. */
  readonly name: string | undefined;
}

export function DeploymentsView({ name }: DeploymentsParts) {
  return (
    <Empty title={name ?? "Deployments"}>
      <p>None</p>
    </Empty>
  );
}
