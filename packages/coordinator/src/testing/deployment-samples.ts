/** Deployments, what workers see of them, and what steps report, as tests want them. */

import {
  type DeploymentReport,
  type DeploySpec,
  type Digest,
  type ObservedDeployment,
  parseDigest,
  parseWorkerId,
} from "@haversack/protocol";
import { type DeployContent, type DeploymentRow, newDeployment } from "../runs/deployment-row.ts";
import { refOf } from "./fleet-samples.ts";

export const specOf = (letter: string): Digest => parseDigest(`sha256:${letter.repeat(64)}`);

export const deploySpecOf = (name: string, more: Partial<DeploySpec> = {}): DeploySpec => ({
  kind: "deploy",
  name,
  state: "running",
  image: "base",
  env: {},
  ports: [],
  restart: "on-failure",
  resources: {},
  volumes: [],
  replace: "stop-first",
  rollback: "on-failure",
  ...more,
});

export const contentOf = (name: string, more: Partial<DeploySpec> = {}): DeployContent => ({
  image: more.image ?? "base",
  deploy: deploySpecOf(name, more),
  worker: {},
});

/** Revision 2 of `web` stands on worker `w`. */
export const rowOf = (more: Partial<DeploymentRow> = {}): DeploymentRow => ({
  ...newDeployment("web"),
  state: "running",
  revision: 2,
  lastRevision: 2,
  spec: specOf("b"),
  workerId: parseWorkerId("w"),
  container: "c2",
  content: contentOf("web"),
  ...more,
});

export const pendingOf = (
  more: Partial<NonNullable<DeploymentRow["pending"]>> = {},
): NonNullable<DeploymentRow["pending"]> => ({
  ref: refOf("deploy"),
  workerId: parseWorkerId("w"),
  live: true,
  dirty: false,
  revision: 3,
  target: { spec: specOf("c"), content: contentOf("web") },
  since: 1,
  ...more,
});

export const seenOf = (revision: number, more: Partial<ObservedDeployment> = {}): ObservedDeployment => ({
  name: "web",
  revision,
  spec: specOf("b"),
  container: `c${revision}`,
  state: "running",
  busy: false,
  ...more,
});

export const reportOf = (
  effect: DeploymentReport["effect"],
  more: Partial<DeploymentReport> = {},
): DeploymentReport => ({
  name: "web",
  revision: 3,
  spec: specOf("c"),
  effect,
  container: "c3",
  engine: "docker",
  path: "build",
  reason: "the image is absent",
  fellBack: false,
  phases: [{ name: "build", ms: 1500 }],
  host: "127.0.0.1",
  ports: [],
  failures: [],
  ...more,
});
