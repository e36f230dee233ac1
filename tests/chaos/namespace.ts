/**
 * A network of its own for one worker: what crosses its border is real IP between two interfaces, and when one of them is
 * down, packets vanish and nobody is told. Needs root and iproute2; where there is no such thing, the run goes without.
 *
 *   worker ── loopback ── forwarder ── eth0 ══ interface on the host ── link ── coordinator
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { messageOf } from "@haversack/base";

const run = promisify(execFile);
const forwarder = fileURLToPath(new URL("./forwarder.ts", import.meta.url));

export interface Namespace extends AsyncDisposable {
  /** What stands before a command that runs inside. */
  readonly prefix: readonly string[];
  /** The host, seen from inside. */
  readonly hostAddress: string;
  /** Ports on the loopback inside that lead to these ports of the host, in their order. */
  forward(ports: readonly number[]): Promise<readonly number[]>;
  set(isUp: boolean): Promise<void>;
}

const nameOf = (): string => `hvs${process.pid}`;

/** Why there is none here; undefined: there can be. Leaves nothing behind. */
export async function namespaceTrouble(): Promise<string | undefined> {
  const name = `${nameOf()}p`;
  try {
    await run("ip", ["netns", "add", name]);
    await run("ip", ["link", "add", `${nameOf()}q`, "type", "veth", "peer", "name", "eth0", "netns", name]);
    return undefined;
  } catch (error) {
    return messageOf(error).trim().split("\n").at(-1);
  } finally {
    await run("ip", ["netns", "del", name]).catch(() => {});
  }
}

export async function openNamespace(): Promise<Namespace> {
  const name = nameOf();
  const outside = `${name}h`;
  const net = `10.199.${process.pid % 250}`;
  const inside = ["-n", name];
  const steps = [
    ["netns", "add", name],
    ["link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name],
    ["addr", "add", `${net}.1/30`, "dev", outside],
    ["link", "set", outside, "up"],
    [...inside, "addr", "add", `${net}.2/30`, "dev", "eth0"],
    [...inside, "link", "set", "eth0", "up"],
    [...inside, "link", "set", "lo", "up"],
  ];
  const prefix = ["ip", "netns", "exec", name];
  const children = new Set<ReturnType<typeof spawn>>();
  try {
    for (const args of steps) await run("ip", args);
  } catch (error) {
    await run("ip", ["netns", "del", name]).catch(() => {});
    throw error;
  }
  return {
    prefix,
    hostAddress: `${net}.1`,
    async forward(ports) {
      const targets = ports.map((port) => `${net}.1:${port}`);
      const [program = "", ...args] = [...prefix, process.execPath, forwarder, ...targets];
      const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
      children.add(child);
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      return JSON.parse(line) as number[];
    },
    set: async (isUp) => void (await run("ip", ["link", "set", outside, isUp ? "up" : "down"])),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill("SIGKILL");
      await run("ip", ["netns", "del", name]).catch(() => {});
    },
  };
}
