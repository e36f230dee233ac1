/** The life of a container with LXD and Incus: create, start, end, remove, show. */

import { type Clock, FaultError, pause } from "@haversack/base";
import type { ContainerSpec, Runtime } from "../runtime.ts";
import { imageCorrupt, noContainer } from "../runtime-faults.ts";
import { instanceForm, instancesForm } from "./answers.ts";
import { expectFree, numbered } from "./host-ports.ts";
import { reasonOrCancelled } from "./http-over-socket.ts";
import { instanceName, instanceOf } from "./instance-of.ts";
import type { LxdClient } from "./lxd-client.ts";
import { isInstanceBusy, noOwnerMapping } from "./lxd-faults.ts";
import { makeFolder, putFile, type Within } from "./lxd-files.ts";
import type { LxdLogs } from "./lxd-logs.ts";
import { type Placed, surroundingsOf } from "./surroundings.ts";
import { viewOf } from "./view-of.ts";

type LifeVerbs = Pick<
  Runtime,
  "create" | "start" | "stop" | "kill" | "remove" | "inspect" | "list" | "putFiles"
>;

/** A container that is just being stopped takes no other order. */
const busyPauseMs = 100;
const busyPausesMax = 100;

const pathOf = (id: string, rest = ""): string =>
  `/1.0/instances/${encodeURIComponent(instanceName(id))}${rest}`;

export function lxdContainers(
  client: LxdClient,
  clock: Clock,
  logs: Pick<LxdLogs, "started" | "forget">,
): LifeVerbs {
  const act = (id: string, state: object, signal: AbortSignal) =>
    whenFree(clock, signal, () =>
      client.change({ method: "PUT", path: pathOf(id, "/state"), json: state }, { container: id }, signal),
    );
  const inspect: Runtime["inspect"] = (idOrName, signal) =>
    unlessMissing(async () => {
      const found = await client.get(pathOf(idOrName, "?recursion=1"), { container: idOrName }, signal);
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
    create: (spec, signal) => create(client, spec, signal),
    async start(id, signal) {
      const view = await inspect(id, signal);
      if (view?.state === "running") return;
      await expectFree(view?.ports ?? []);
      logs.started(instanceName(id));
      try {
        await act(id, { action: "start", timeout: -1 }, signal);
      } catch (error) {
        if (isRefused(error) && /proxy device/.test(error.message)) await expectFree(view?.ports ?? []);
        throw await startFault(client, id, error, signal);
      }
    },
    async stop(id, graceMs, signal) {
      if (!(await isRunning(id, signal))) return;
      try {
        await act(
          id,
          { action: "stop", force: false, timeout: Math.max(1, Math.ceil(graceMs / 1000)) },
          signal,
        );
      } catch (error) {
        if (!isRefused(error)) throw error;
        if (await isRunning(id, signal)) await kill(id, signal);
      }
    },
    async remove(id, signal) {
      const gone = unlessMissing(async () => {
        if (await isRunning(id, signal)) await kill(id, signal);
        const change = { method: "DELETE", path: pathOf(id) } as const;
        await whenFree(clock, signal, () => client.change(change, { container: id }, signal));
      });
      await gone;
      logs.forget(instanceName(id));
    },
    async list(cluster, signal) {
      const answer = await client.get("/1.0/instances?recursion=2", {}, signal);
      const views = instancesForm.parse(answer).map(viewOf);
      return views.filter(({ labels }) => labels.get("haversack.cluster") === cluster);
    },
    async putFiles(id, files, signal) {
      if ((await inspect(id, signal)) === undefined) throw noContainer(id);
      for (const file of files) await putFile({ client, container: instanceName(id) }, file, signal);
    },
  };
}

async function create(
  client: LxdClient,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<{ readonly id: string }> {
  const around = await surroundingsOf(client, spec, signal);
  const ports = await numbered(spec.ports);
  const json = instanceOf({ ...spec, ports }, around);
  const about = { container: spec.name, image: spec.image };
  await client.change({ method: "POST", path: "/1.0/instances", json }, about, signal);
  const id = instanceName(spec.name);
  try {
    await prepareRoot({ client, container: id }, spec, around, signal);
  } catch (error) {
    await client
      .change({ method: "DELETE", path: pathOf(id) }, about, AbortSignal.timeout(undoMs))
      .catch(() => {});
    throw error;
  }
  return { id };
}

const undoMs = 900;
const emptyFile = { data: new Uint8Array(), mode: 0o644, uid: 0, gid: 0 };

/** What is written into the root before the first start, since nothing can be written there afterwards. */
async function prepareRoot(
  within: Within,
  spec: ContainerSpec,
  around: Placed,
  signal: AbortSignal,
): Promise<void> {
  if (spec.readOnlyRoot) {
    for (const target of spec.tmpfs.keys()) await makeFolder(within, target, signal);
    for (const mount of spec.mounts) {
      if (!around.sourceOf(mount).isFile) await makeFolder(within, mount.target, signal);
      else await putFile(within, { ...emptyFile, path: mount.target }, signal);
    }
  }
  const { nameServer } = around;
  if (nameServer === undefined) return;
  const data = Buffer.from(`nameserver ${nameServer}\n`);
  await putFile(within, { path: "/etc/resolv.conf", data, mode: 0o644, uid: 0, gid: 0 }, signal);
}

async function whenFree(clock: Clock, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
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

/** The operation only says that it failed; LXC's own log says of what. */
async function startFault(
  client: LxdClient,
  id: string,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!isRefused(error) || !/forkstart/.test(error.message)) return error;
  const { status, body } = await client.raw({ method: "GET", path: pathOf(id, "/logs/lxc.log") }, signal);
  if (status !== 200) return error;
  const said = [...body.toString().matchAll(/ ERROR .* - \S+:\d+ - (.*)$/gm)].map(([, text]) => text);
  if (said.length === 0) return error;
  const why = `it cannot start: ${said.slice(0, 2).join("; ")}`;
  if (/idmap/i.test(why)) return noOwnerMapping(why);
  if (/exec format error/i.test(why)) return imageCorrupt("wrong_platform", why, error);
  return new FaultError(error.fault, error.code, why, { cause: error });
}

const isRefused = (error: unknown): error is FaultError =>
  error instanceof FaultError && error.fault === "invalid";

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FaultError && error.fault === "missing") return undefined;
    throw error;
  }
}
