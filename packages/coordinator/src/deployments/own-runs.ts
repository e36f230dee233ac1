/** Runs that the coordinator starts about a deployment: to remove it, to do it again, to fill in its secrets. One step each. */

import { FaultError, type Ports } from "@haversack/base";
import { type DeploySpec, parseRunId, type RunId, type StepSecret } from "@haversack/protocol";
import { digestOfDag } from "../dag/parsed-dags.ts";
import { contentOf } from "../library/prepare.ts";
import { readDag, sha256 } from "../library/reached-dags.ts";
import type { Snapshots } from "../library/snapshots.ts";
import type { Pin } from "../library/step-submission.ts";
import type { DeployContent } from "../runs/deployment-row.ts";
import type { Store } from "../store/store.ts";
import { restoreKeys } from "../store/verbs/deployment-verbs.ts";

export interface OwnRunParts {
  readonly store: Store;
  readonly snapshots: Pick<Snapshots, "read">;
  readonly ports: Pick<Ports, "clock" | "random">;
}

const stepId = "deploy";

export interface Undeploying {
  readonly name: string;
  readonly volumes: boolean;
  /** One run for one key; absent: a new one. */
  readonly key?: string;
}

/** @returns the run that removes it */
export async function startUndeploy(parts: OwnRunParts, { name, volumes, key }: Undeploying): Promise<RunId> {
  const deploy = { name, state: "absent", ...(volumes ? { removeVolumes: true } : {}) };
  return await start(parts, { dag: "undeploy", name, step: { id: stepId, deploy }, key });
}

/** @returns the run that deploys what was deployed last */
export async function startRedeploy(
  parts: OwnRunParts,
  name: string,
  content: DeployContent,
): Promise<RunId> {
  return await start(parts, {
    dag: "redeploy",
    name,
    step: stepAgain(name, content),
    pack: content.snapshotDigest,
  });
}

/** @param attempt which of several at the same revision @returns the run that fills in the secrets of what stands */
export async function startRestore(
  parts: OwnRunParts,
  name: string,
  content: DeployContent,
  attempt: string,
): Promise<RunId> {
  const key = `${restoreKeys}${name}/${attempt}`;
  return await start(parts, {
    dag: "restore",
    name,
    step: stepAgain(name, content),
    pack: content.snapshotDigest,
    key,
  });
}

interface OwnRun {
  readonly dag: string;
  readonly name: string;
  /** As a file has it. */
  readonly step: object;
  readonly pack?: DeployContent["snapshotDigest"];
  readonly key?: string | undefined;
}

async function start(parts: OwnRunParts, { dag: dagName, name, step, pack, key }: OwnRun): Promise<RunId> {
  const { store, snapshots, ports } = parts;
  // JSON is YAML.
  const text = `${JSON.stringify({ name: dagName, labels: { deployment: name }, steps: [step] }, null, 2)}\n`;
  const { parsed } = readDag(text, `${dagName}.yaml`);
  const id = parseRunId(ports.random.id());
  const pins = new Map<string, Pin>();
  if (pack !== undefined) pins.set(stepId, { pack: await snapshots.read(pack), memory: noMemory });
  const content = contentOf(parsed, { id, params: {}, labels: {} }, { pins, children: [] });
  const { runId } = await store.write.runSubmit({
    id,
    ...content,
    dag: parsed.spec,
    dagDigest: digestOfDag(parsed),
    source: text,
    bodyDigest: sha256(key ?? text),
    now: ports.clock.now(),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  });
  return runId;
}

/** The pack is final. */
const noMemory: Pin["memory"] = { read: [], write: { global: "none", dag: "none" }, dag: null };

/** What was rendered once must not be rendered again. */
const plain = (text: string): string => text.replaceAll("${{", "${{ '${{' }}");

function stepAgain(name: string, { deploy, secrets = [], worker, timeoutMs }: DeployContent): object {
  const {
    kind: _,
    state: __,
    removeVolumes: ___,
    ttlMs,
    waitForImageMs,
    health,
    command,
    env,
    ...rest
  } = deploy;
  return {
    id: stepId,
    deploy: {
      ...rest,
      name,
      ...(command === undefined ? {} : { command: command.map(plain) }),
      env: Object.fromEntries(Object.entries(env).map(([variable, value]) => [variable, plain(value)])),
      ...(health === undefined ? {} : { health: healthAgain(health) }),
      ...(ttlMs === undefined ? {} : { ttl: `${ttlMs}ms` }),
      ...(waitForImageMs === undefined ? {} : { waitForImage: `${waitForImageMs}ms` }),
    },
    ...(Object.keys(worker).length === 0 ? {} : { worker }),
    ...(secrets.length === 0 ? {} : { secrets: secretsAgain(secrets) }),
    ...(timeoutMs === undefined ? {} : { timeout: `${timeoutMs}ms` }),
  };
}

const secretsAgain = (secrets: readonly StepSecret[]) =>
  Object.fromEntries(secrets.map(({ variable, from }) => [variable, from]));

const healthAgain = ({ intervalMs, timeoutMs, withinMs, ...way }: NonNullable<DeploySpec["health"]>) => ({
  ...way,
  interval: `${intervalMs}ms`,
  timeout: `${timeoutMs}ms`,
  within: `${withinMs}ms`,
});

export const nothingToRepeat = (name: string): FaultError =>
  new FaultError("missing", "nothing_deployed", `nothing was deployed as ${name}, or no record tells how`);
