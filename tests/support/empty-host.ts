/** A folder that stands for `/` of a host without services, for the installer to fill. */

import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "./fleet.ts";
import { type Ended, execute, install, placedIn } from "./installed.ts";
import { environmentOf, readUnit } from "./systemd-unit.ts";
import { tempFolder } from "./temp-folder.ts";

const scopes = {
  system: {
    flags: [],
    unit: "etc/systemd/system/haversack-worker.service",
    config: "etc/haversack",
    data: "var/lib/haversack/worker",
    programs: "opt/haversack",
  },
  user: {
    flags: ["--user"],
    unit: "home/ada/.config/systemd/user/haversack-worker.service",
    config: "home/ada/.config/haversack",
    data: "home/ada/.local/state/haversack/worker",
    programs: "home/ada/.local/lib/haversack",
  },
} as const;
export type Scope = keyof typeof scopes;

export const home = {
  HOME: "/home/ada",
  XDG_CONFIG_HOME: undefined,
  XDG_STATE_HOME: undefined,
  XDG_RUNTIME_DIR: "/run/user/1000",
};

/** A folder that stands for `/` and has the programs of this checkout. */
export async function emptyHost(scope: Scope) {
  const folder = await tempFolder("hv-unit");
  const root = folder.path;
  const { flags, unit, config, data, programs } = scopes[scope];
  await mkdir(join(root, programs), { recursive: true });
  await symlink(repositoryRoot, join(root, programs, "current"));
  const asked = ["--worker", ...flags, "--root", root, "--keep-program"];
  const placed = placedIn(root);
  return {
    root,
    unit,
    data: join(root, data),
    settings: join(root, config, "worker.env"),
    token: join(root, config, "worker.token"),
    install: (...args: string[]): Promise<Ended> => install([...asked, ...args], home),
    /** As systemd hands it to the worker. */
    variables: async () => {
      const read = await readUnit(join(root, unit));
      return Object.fromEntries(await environmentOf(read, placed));
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

export type Host = Awaited<ReturnType<typeof emptyHost>>;

/** Names of files; the programs are only linked. */
export async function written({ root }: Host): Promise<string[]> {
  const { stdout } = await execute("find", [root, "-type", "f", "-printf", "%f\n"]);
  return stdout.split("\n").slice(0, -1);
}
