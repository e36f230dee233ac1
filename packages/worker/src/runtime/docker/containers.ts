/** The life of a container of Docker or Podman, from its start to its removal. */

import { type FaultError, pause } from "@haversack/base";
import type { ContainerView } from "../container.ts";
import type { Runtime } from "../runtime.ts";
import { imageCorrupt, noContainer, portTaken } from "../runtime-faults.ts";
import { createContainer } from "./create.ts";
import { type Engine, engineCall, readJson, saidBy, statusOf } from "./engine.ts";
import { clusterLabel, removeIdleNetwork } from "./network.ts";
import { viewOf } from "./view.ts";

type LifeVerbs = Pick<Runtime, "create" | "start" | "stop" | "kill" | "remove" | "inspect" | "list">;

const lookAgainMs = 50;

export function lifeVerbs(engine: Engine): LifeVerbs {
  const { docker } = engine;
  return {
    create: async (spec, signal) => await createContainer(engine, spec, signal),
    start: async (id, signal) =>
      await engineCall(
        "starting the container",
        signal,
        async () => {
          await unless(304, docker.getContainer(id).start({ abortSignal: signal }));
        },
        (status, said, error) => startFault(id, status, said, error),
      ),
    stop: async (id, graceMs, signal) =>
      await engineCall(
        "stopping the container",
        signal,
        async () => {
          const t = Math.ceil(graceMs / 1000);
          await unless(304, docker.getContainer(id).stop({ t, abortSignal: signal }));
        },
        absent(id),
      ),
    kill: async (id, signal) =>
      await engineCall(
        "killing the container",
        signal,
        async () => {
          if ((await inspectContainer(engine, id, signal))?.state !== "running") return;
          await unless(409, docker.getContainer(id).kill({ signal: "SIGKILL", abortSignal: signal }));
        },
        absent(id),
      ),
    remove: async (id, signal) => await removeContainer(engine, id, signal),
    inspect: async (idOrName, signal) => await inspectContainer(engine, idOrName, signal),
    list: async (cluster, signal) => await listContainers(engine, cluster, signal),
  };
}

/** What the engine says when there is nothing to do. */
async function unless(status: number, done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (statusOf(error) !== status) throw error;
  }
}

/** For the verbs that want a container to be there. */
export function absent(id: string): (status: number, said: string, error: unknown) => FaultError | undefined {
  return (status, _said, error) => (status === 404 ? noContainer(id, error) : undefined);
}

function startFault(id: string, status: number, said: string, error: unknown): FaultError | undefined {
  if (/port is already allocated|address already in use|cannot listen|bind for/i.test(said)) {
    return portTaken(said, error);
  }
  if (/exec format error/i.test(said)) {
    return imageCorrupt("wrong_platform", `the image cannot run on this host: ${said}`, error);
  }
  return status === 404 && /no (?:such )?container/i.test(said) ? noContainer(id, error) : undefined;
}

const triesMax = 20;

/** Its own volumes go along. Engines answer before it is gone, or while somebody else removes it. */
async function removeContainer(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  const view = await inspectContainer(engine, id, signal);
  if (view === undefined) return;
  await engineCall("removing the container", signal, async () => {
    for (let tries = 1; ; tries++) {
      try {
        await engine.docker.getContainer(id).remove({ force: true, v: true, abortSignal: signal });
      } catch (error) {
        const isOnItsWay = statusOf(error) === 404 || statusOf(error) === 409;
        // Podman: it ended, or was started again, while it was being killed.
        const hasChanged = /container state improper/.test(saidBy(error)) && tries < triesMax;
        if (!isOnItsWay && !hasChanged) throw error;
      }
      if ((await inspectContainer(engine, id, signal)) === undefined) break;
      await pause(engine.clock, lookAgainMs, signal);
    }
  });
  const cluster = view.labels.get(clusterLabel);
  if (cluster !== undefined) await removeIdleNetwork(engine, cluster, signal);
}

export async function inspectContainer(
  engine: Engine,
  idOrName: string,
  signal: AbortSignal,
): Promise<ContainerView | undefined> {
  const dialect = await engine.dialect(signal);
  return await engineCall(`looking at container ${idOrName}`, signal, async () => {
    try {
      const told = await engine.docker.getContainer(idOrName).inspect({ abortSignal: signal });
      const isMeant = told.Id === idOrName || told.Name.replace(/^\//, "") === idOrName;
      // An engine finds a container by the beginning of its id as well.
      if (!isMeant) return undefined;
      const bounding = dialect.saysCapabilities ? undefined : await boundingOf(engine, told.Id, signal);
      return viewOf(told, dialect, bounding);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

/** What may ever be had in it, by Podman's own interface. */
async function boundingOf({ docker }: Engine, id: string, signal: AbortSignal): Promise<readonly string[]> {
  const path = `/v4.0.0/libpod/containers/${id}/json`;
  const told = await readJson<{ readonly BoundingCaps?: readonly string[] | null }>(docker, path, signal);
  return told.BoundingCaps ?? [];
}

async function listContainers(
  engine: Engine,
  cluster: string,
  signal: AbortSignal,
): Promise<readonly ContainerView[]> {
  const filters = { label: [`${clusterLabel}=${cluster}`] };
  const found = await engineCall("listing containers", signal, () =>
    engine.docker.listContainers({ all: true, filters, abortSignal: signal }),
  );
  const views: ContainerView[] = [];
  for (const { Id } of found) {
    const view = await inspectContainer(engine, Id, signal);
    // Undefined: it went away meanwhile.
    if (view !== undefined) views.push(view);
  }
  return views;
}
