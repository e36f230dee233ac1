/** The life of a container with LXD and Incus: create, start, end, remove, show. */

import { type Clock, FaultError, pause } from "@haversack/base";
import type { Runtime } from "../runtime.ts";
import { instanceForm, instancesForm } from "./answers.ts";
import { createInstance } from "./create-instance.ts";
import { expectFree } from "./host-ports.ts";
import { reasonOrCancelled } from "./http-over-socket.ts";
import { instanceName, instancePath } from "./instance-of.ts";
import type { LxdClient } from "./lxd-client.ts";
import { isInstanceBusy, isRefused, startFault } from "./lxd-faults.ts";
import type { LxdLogs } from "./lxd-logs.ts";
import { viewOf } from "./view-of.ts";

type LifeVerbs = Pick<Runtime, "create" | "start" | "stop" | "kill" | "remove" | "inspect" | "list">;

/** A container that is just being stopped takes no other order. */
const busyPauseMs = 100;
const busyPausesMax = 100;

export function lxdContainers(
  client: LxdClient,
  clock: Clock,
  logs: Pick<LxdLogs, "started" | "forget">,
): LifeVerbs {
  const act = (id: string, state: object, signal: AbortSignal) =>
    whenFree(clock, signal, () =>
      client.change(
        { method: "PUT", path: instancePath(id, "/state"), json: state },
        { container: id },
        signal,
      ),
    );
  const inspect: Runtime["inspect"] = (idOrName, signal) =>
    unlessMissing(async () => {
      const about = { container: idOrName };
      const path = instancePath(idOrName, "?recursion=1");
      const found = await whenFree(clock, signal, () => client.get(path, about, signal));
      return viewOf(instanceForm.parse(found));
    });
  const isRunning = async (id: string, signal: AbortSignal) =>
    (await inspect(id, signal))?.state === "running";
  const kill = async (id: string, signal: AbortSignal): Promise<void> => {
    try {
      await act(id, { action: "stop", force: true, timeout: -1 }, signal);
    } catch (error) {
      // It ended by itself meanwhile; one that is not there is no success.
      if (!isRefused(error) || (await isRunning(id, signal))) throw error;
    }
  };
  return {
    inspect,
    kill,
    create: (spec, signal) => createInstance(client, spec, signal),
    async start(id, signal) {
      const view = await inspect(id, signal);
      if (view?.state === "running") return;
      await expectFree(view?.ports ?? []);
      logs.started(instanceName(id));
      try {
        await act(id, { action: "start", timeout: -1 }, signal);
      } catch (error) {
        if (isRefused(error) && /proxy device/.test(error.message)) await expectFree(view?.ports ?? []);
        throw isRefused(error) ? startFault(error, await startLog(client, id, signal)) : error;
      }
    },
    async stop(id, graceMs, signal) {
      if (!(await isRunning(id, signal))) return;
      const timeout = Math.max(1, Math.ceil(graceMs / 1000));
      try {
        await act(id, { action: "stop", force: false, timeout }, signal);
      } catch (error) {
        if (!isRefused(error)) throw error;
        if (await isRunning(id, signal)) await kill(id, signal);
      }
    },
    async remove(id, signal) {
      const gone = unlessMissing(async () => {
        if (await isRunning(id, signal)) await kill(id, signal);
        const change = { method: "DELETE", path: instancePath(id) } as const;
        await whenFree(clock, signal, () => client.change(change, { container: id }, signal));
      });
      await gone;
      logs.forget(instanceName(id));
    },
    async list(cluster, signal) {
      const answer = await whenFree(clock, signal, () =>
        client.get("/1.0/instances?recursion=2", {}, signal),
      );
      const views = instancesForm.parse(answer).map(viewOf);
      return views.filter(({ labels }) => labels.get("haversack.cluster") === cluster);
    },
  };
}

/** Of LXC, about the last start. */
async function startLog(client: LxdClient, id: string, signal: AbortSignal): Promise<string> {
  const { status, body } = await client.raw(
    { method: "GET", path: instancePath(id, "/logs/lxc.log") },
    signal,
  );
  return status === 200 ? body.toString() : "";
}

async function whenFree<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let pauses = 0; ; pauses++) {
    try {
      return await work();
    } catch (error) {
      if (!isInstanceBusy(error) || pauses === busyPausesMax) throw error;
    }
    await pause(clock, busyPauseMs, signal).catch(() => {
      throw reasonOrCancelled("waiting for the container", signal);
    });
  }
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FaultError && error.fault === "missing") return undefined;
    throw error;
  }
}
