/**
 * One container, from its creation to the moment when its process 1 has proved that it stays: the same for both paths. A
 * container that was made for the very same thing is taken over where it stands; what did not come up is removed again.
 */

import type { ContainerSpec, ContainerView } from "../runtime/container.ts";
import { nameTaken, noContainer } from "../runtime/runtime-faults.ts";
import { confirmContainer } from "./confirm.ts";
import { containerSpec } from "./container-spec.ts";
import { aliveMs } from "./health.ts";
import { containerName, isTheSame, readLabels, wantedOf } from "./labels.ts";
import { livesFor } from "./life.ts";
import { giveMounts, mountsOf } from "./mounts.ts";
import type { Deploy } from "./parts.ts";
import { checkProof } from "./proof.ts";
import { provision } from "./provision.ts";
import type { Source } from "./source.ts";

export interface LaunchHooks {
  /** There is a container now: whoever undoes the deploy removes it. */
  readonly created: (id: string) => void;
  /** It is made and confirmed, and is about to start. */
  readonly beforeStart: () => Promise<void>;
  /** Ports of the host, by port of the container; 0: the engine chooses. */
  readonly hostPorts: () => Promise<ReadonlyMap<number, number>>;
}

/** As it was seen just after its start. */
export async function launch(deploy: Deploy, source: Source, hooks: LaunchHooks): Promise<ContainerView> {
  const { phases, runtime, signal } = deploy;
  const { view, spec } = await phases.during("create", () => createOrAdopt(deploy, source, hooks));
  hooks.created(view.id);
  await phases.during("confirm", () => confirmContainer(view, spec, deploy.sockets));
  await giveMounts(deploy, view);
  // Nothing of an image that is somebody else's waits for its secrets.
  const isEarly = source.kind === "reference";
  if (isEarly) await fillSecrets(deploy, view);
  const started = await phases.during("start", async () => {
    await hooks.beforeStart();
    if (view.state !== "running") await runtime.start(view.id, signal);
    return await viewOf(deploy, view.id);
  });
  await madeOf(deploy, source, started);
  if (!isEarly) await fillSecrets(deploy, view);
  await phases.during("alive", () => livesFor(deploy, started, aliveMs));
  return started;
}

/** On the build path the recipe runs now; on the other one what is there is only looked at. */
async function madeOf(deploy: Deploy, { kind, proof }: Source, started: ContainerView): Promise<void> {
  if (proof === undefined) return;
  const work = kind === "build" ? provision : checkProof;
  await deploy.phases.during(kind === "build" ? "build" : "start", () =>
    work(deploy, started.id, proof).catch(async (error: unknown) => {
      // What it says of itself comes second to the fact that it does not run.
      if (!deploy.signal.aborted) await livesFor(deploy, started, 0);
      throw error;
    }),
  );
}

async function fillSecrets(deploy: Deploy, { idShift }: ContainerView): Promise<void> {
  const { phases, secrets, secretFiles, work } = deploy;
  if (secrets.size > 0) await phases.during("secrets", () => secretFiles.write(work, secrets, idShift));
}

async function viewOf({ runtime, work, signal }: Deploy, id: string): Promise<ContainerView> {
  const view = await runtime.inspect(id, signal);
  if (view === undefined) throw noContainer(containerName(work.name, work.revision));
  return view;
}

async function createOrAdopt(
  deploy: Deploy,
  source: Source,
  hooks: LaunchHooks,
): Promise<{ readonly view: ContainerView; readonly spec: ContainerSpec }> {
  const { runtime, signal, note } = deploy;
  const found = await takenOver(deploy, source);
  if (found !== undefined) {
    const ports = new Map(found.ports.map(({ containerPort, hostPort }) => [containerPort, hostPort]));
    note(`taking over ${found.name}, which an earlier attempt made`);
    return { view: found, spec: await specOf(deploy, source, ports, false) };
  }
  const spec = await specOf(deploy, source, await hooks.hostPorts(), true);
  const { id } = await runtime.create(spec, signal);
  hooks.created(id);
  return { view: await viewOf(deploy, id), spec };
}

/** Undefined: the name is free now. Rejects `name_taken` when it is somebody else's. */
async function takenOver(deploy: Deploy, source: Source): Promise<ContainerView | undefined> {
  const { runtime, work, workerId, signal } = deploy;
  const name = containerName(work.name, work.revision);
  const view = await runtime.inspect(name, signal);
  if (view === undefined) return undefined;
  const found = readLabels(view);
  if (found === undefined || !isTheSame(found, wantedOf(work, workerId))) throw nameTaken(name);
  const isOfSource =
    found.origin.path === source.origin.path && found.origin.imageDigest === source.origin.imageDigest;
  if (isOfSource && view.state !== "exited") return view;
  // It ended, or was made of something else: nothing of it is worth keeping.
  await runtime.remove(view.id, signal);
  return undefined;
}

async function specOf(
  deploy: Deploy,
  source: Source,
  hostPorts: ReadonlyMap<number, number>,
  isNew: boolean,
): Promise<ContainerSpec> {
  const { work, workerId, attempt, info, settings } = deploy;
  return containerSpec({
    work,
    worker: workerId,
    attempt,
    hasSecrets: deploy.secrets.size > 0,
    imageId: source.lease.imageId,
    arch: info.arch,
    origin: source.origin,
    kind: source.kind,
    settings,
    mounts: await mountsOf(deploy, isNew),
    hostPorts,
  });
}
