/** A real coordinator, in a process of its own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { FaultError, present } from "@haversack/base";
import type { StorePlace } from "./store-places.ts";

const cli = fileURLToPath(import.meta.resolve("../../packages/cli/src/main.ts"));

export type CoordinatorProcess = Awaited<ReturnType<typeof startCoordinator>>;

/** @param port 0: any free one */
export async function startCoordinator({ folder, env }: StorePlace, signal: AbortSignal, port = 0) {
  const args = [cli, "coordinator", "--data", folder, "--listen", `127.0.0.1:${port}`];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env, HAVERSACK_LOG: "error" },
    signal,
  });
  child.on("error", () => {});
  const closed = once(child, "close");
  const url = await listening(child.stdout, closed);
  const token = async (role: string) => (await readFile(join(folder, `${role}.token`), "utf8")).trim();
  return {
    pid: present(child.pid, "the id of a process that has answered"),
    /** Resolves when it is gone. */
    async end(how: "SIGTERM" | "SIGKILL"): Promise<void> {
      child.kill(how);
      await closed;
    },
    address: { url, adminToken: await token("admin"), workerToken: await token("worker") },
    async residentBytes(): Promise<number> {
      const status = await readFile(`/proc/${child.pid}/status`, "latin1");
      return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
    },
  };
}

async function listening(output: NodeJS.ReadableStream, closed: Promise<unknown>): Promise<string> {
  const address = (async () => {
    for await (const line of createInterface({ input: output })) {
      const [, url] = /(http:\/\/[\d.:]+)/.exec(line) ?? [];
      if (url !== undefined) return url;
    }
    return undefined;
  })();
  const url = await Promise.race([address, closed.then(() => undefined)]);
  if (url === undefined) throw new FaultError("bug", "bench_program_failed", "the coordinator did not start");
  return url;
}
