/** A real coordinator in this process, whose clock a test can move on, and tokens of every role. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, silentLog, systemClock, systemRandom } from "@haversack/base";
import { createCoordinator } from "@haversack/coordinator";
import { createClient, type HaversackClient, type TokenRole } from "@haversack/protocol";
import { tempFolder } from "./temp-folder.ts";

export const noSignal = new AbortController().signal;

export interface AccessWorld extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly admin: HaversackClient;
  readonly adminToken: string;
  readonly workerToken: string;
  client(token: string): HaversackClient;
  /** The wall clock of the coordinator goes on. */
  skip(ms: number): void;
  /** A token of this role. */
  token(role: TokenRole, name?: string, lifetimeSeconds?: number): Promise<{ id: string; secret: string }>;
}

export async function accessWorld(env: NodeJS.ProcessEnv = {}): Promise<AccessWorld> {
  const folder = await tempFolder("haversack-access");
  const agentsDir = join(import.meta.dirname, "../../examples/agents");
  const asked = { dataDir: folder.path, listen: "127.0.0.1:0", agentsDir };
  let skipped = 0;
  const clock: Clock = {
    now: () => systemClock.now() + skipped,
    monotonic: () => systemClock.monotonic(),
    after: (ms, call) => systemClock.after(ms, call),
  };
  const coordinator = createCoordinator(asked, env, { clock, random: systemRandom, log: silentLog });
  await coordinator.start(noSignal);
  const stored = async (name: string) => (await readFile(join(folder.path, name), "utf8")).trim();
  const adminToken = await stored("admin.token");
  const { url } = coordinator;
  const client = (token: string): HaversackClient => createClient({ url, token });
  const admin = client(adminToken);
  return {
    url,
    folder: folder.path,
    admin,
    adminToken,
    workerToken: await stored("worker.token"),
    client,
    skip(ms) {
      skipped += ms;
    },
    async token(role, name = `a ${role}`, lifetimeSeconds = 0) {
      const { token, secret } = await admin.createToken({ name, role, lifetimeSeconds }, noSignal);
      return { id: token.id, secret };
    },
    async [Symbol.asyncDispose]() {
      await coordinator.stop("now");
      await folder[Symbol.asyncDispose]();
    },
  };
}
