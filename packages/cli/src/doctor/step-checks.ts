/** What a worker can promise its steps on this machine. */

import { access, constants, readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { silentLog } from "@haversack/base";
import type { HostAbilities } from "@haversack/worker";
import type { Outside } from "../outside.ts";
import { type Check, type Finding, ok, warning } from "./check.ts";

export const stepChecks = (outside: Outside): readonly Check[] => [
  { name: "control groups", look: cgroups },
  { name: "ending processes", look: async () => ending(await abilities(outside)) },
  { name: "resource limits", look: async () => limits(await abilities(outside)) },
  { name: "sandbox", look: () => sandbox(outside.env.PATH ?? "") },
  { name: "container runtimes", look: (signal) => runtimes(outside.env, signal) },
];

async function abilities({ clock, random, env }: Outside): Promise<HostAbilities> {
  const { probeHost } = await import("@haversack/worker");
  return await probeHost(env.PATH ?? "", { clock, random, log: silentLog });
}

export function ending({ ending: how }: Pick<HostAbilities, "ending">): Finding {
  if (how === "pid-namespace")
    return ok("by a pid namespace: nothing survives, whatever happens to the worker");
  const advice =
    "run the worker as root, or allow user namespaces, so that steps get a pid namespace of their own";
  if (how === "cgroup")
    return warning("by a control group: a killed worker's steps live until it starts again", advice);
  return warning("by searching for processes: one that hides well may survive", advice);
}

export function limits({ limits: how }: Pick<HostAbilities, "limits">): Finding {
  if (how === "hard") return ok("hard: memory, pids and cpu of all processes of a step together");
  const advice = "let the worker write its control group: Delegate=yes in the systemd unit";
  if (how === "soft") return warning("soft: for each process of a step alone, and none of cpu", advice);
  return warning("none: a step may take what there is", `${advice}, or install util-linux (prlimit)`);
}

async function cgroups(): Promise<Finding> {
  const controllers = await readOr("/sys/fs/cgroup/cgroup.controllers");
  if (controllers === undefined) {
    const old = await readOr("/proc/self/cgroup");
    if (old === undefined) return warning("none", "limits of steps need control groups of the kernel");
    return warning(
      "version 1",
      "boot with systemd.unified_cgroup_hierarchy=1: version 2 ends and limits steps better",
    );
  }
  const [, path = "/"] = /^0::(.*)$/m.exec((await readOr("/proc/self/cgroup")) ?? "") ?? [];
  const own = join("/sys/fs/cgroup", path);
  const found = `version 2, with ${controllers.trim() === "" ? "no controllers" : controllers.trim()}`;
  if (await isWritable(own)) return ok(`${found}; this one may be divided`);
  return warning(`${found}; not delegated to this user`, "Delegate=yes in the systemd unit of the worker");
}

async function sandbox(path: string): Promise<Finding> {
  const found = await Promise.all(
    path.split(":").map(async (folder) => folder !== "" && (await isRunnable(join(folder, "bwrap")))),
  );
  const spaces = (await readOr("/proc/sys/user/max_user_namespaces"))?.trim() ?? "0";
  const forbidden = (await readOr("/proc/sys/kernel/unprivileged_userns_clone"))?.trim() === "0";
  const namespaces = spaces !== "0" && !forbidden;
  if (found.includes(true) && namespaces) return ok("bubblewrap and user namespaces");
  const missing = [found.includes(true) ? "" : "bubblewrap", namespaces ? "" : "user namespaces"];
  return warning(
    `none: no ${missing.filter((part) => part !== "").join(" and no ")}`,
    "agents run with the rights of the worker: use a user of its own, as scripts/install.sh does",
  );
}

interface Runtime {
  readonly name: string;
  readonly socket: string;
}

export function runtimeSockets(env: NodeJS.ProcessEnv): readonly Runtime[] {
  const own = env.XDG_RUNTIME_DIR;
  const named = /^unix:\/\/(.+)$/.exec(env.DOCKER_HOST ?? "")?.[1];
  return [
    { name: "docker", socket: named ?? "/var/run/docker.sock" },
    { name: "podman", socket: "/run/podman/podman.sock" },
    ...(own === undefined ? [] : [{ name: "podman", socket: join(own, "podman/podman.sock") }]),
    { name: "incus", socket: "/var/lib/incus/unix.socket" },
    { name: "lxd", socket: "/var/snap/lxd/common/lxd/unix.socket" },
  ];
}

async function runtimes(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Finding> {
  const answers = await Promise.all(
    runtimeSockets(env).map(async ({ name, socket }) => ((await answersAt(socket, signal)) ? name : "")),
  );
  const names = [...new Set(answers.filter((name) => name !== ""))];
  return ok(
    names.length === 0 ? "none answers; only steps that ask for one need it" : `${names.join(", ")} answers`,
  );
}

/** Somebody listens on the socket and lets us in. */
function answersAt(path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path, signal });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function readOr(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

const isWritable = (path: string): Promise<boolean> => may(path, constants.W_OK);
const isRunnable = (path: string): Promise<boolean> => may(path, constants.X_OK);

async function may(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}
