/** A command inside a container. Its streams are sockets, so its output is heard as it comes, and it can be killed. */

import { abortable } from "@haversack/base";
import * as z from "zod";
import type { ExecEnd, ExecSpec } from "../container.ts";
import { instanceForm } from "./answers.ts";
import { reasonOrCancelled } from "./http-over-socket.ts";
import { instanceName } from "./instance-of.ts";
import type { LxdClient, Operation } from "./lxd-client.ts";
import { lxdFault } from "./lxd-faults.ts";
import { type LxdSocket, openLxdSocket } from "./lxd-socket.ts";
import { userOf } from "./raw-lxc.ts";
import { tailOf } from "./tail.ts";
import { viewOf } from "./view-of.ts";

const beginForm = z.looseObject({
  fds: z.looseObject({ "0": z.string(), "1": z.string(), "2": z.string(), control: z.string() }),
});
const endForm = z.looseObject({ return: z.number() });

export async function execInLxd(
  client: LxdClient,
  id: string,
  command: ExecSpec,
  signal: AbortSignal,
): Promise<ExecEnd> {
  const begun = await begin(client, id, command, signal);
  const { fds } = beginForm.parse(begun.metadata);
  const output = tailOf(command.outputMax);
  const sockets: LxdSocket[] = [];
  const open = async (secret: string, onData?: (data: Buffer) => void): Promise<LxdSocket> => {
    const path = `/1.0/operations/${begun.id}/websocket?secret=${secret}`;
    const socket = await openLxdSocket(client.socket, path, {
      // An empty text is the end of the stream: the engine waits for our close.
      onMessage: (data, isText, close) => (isText ? close() : onData?.(data)),
    });
    sockets.push(socket);
    return socket;
  };
  const hear = (data: Buffer): void => {
    output.add(data);
    command.onOutput?.(data);
  };
  try {
    // The command begins when its three streams are there.
    const control = await open(fds.control);
    const kill = (): void => control.sendText(JSON.stringify({ command: "signal", signal: 9 }));
    signal.addEventListener("abort", kill, { once: true });
    try {
      const [, out, err] = await Promise.all([
        emptyInput(open(fds["0"])),
        open(fds["1"], hear),
        open(fds["2"], hear),
      ]);
      const ended = await client.end(begun.id, `exec in ${id}`, signal);
      await abortable(Promise.all([out.closed, err.closed]), signal);
      return { exitCode: exitCodeOf(ended, id), output: output.bytes() };
    } finally {
      signal.removeEventListener("abort", kill);
    }
  } catch (error) {
    throw signal.aborted ? reasonOrCancelled(`exec in ${id}`, signal) : error;
  } finally {
    for (const socket of sockets) socket.drop();
  }
}

async function begin(
  client: LxdClient,
  id: string,
  { argv, env, user }: ExecSpec,
  signal: AbortSignal,
): Promise<Operation> {
  const asked = user ?? (await ownUser(client, id, signal));
  const who = asked === undefined ? undefined : userOf(asked);
  const json = {
    command: argv,
    environment: Object.fromEntries(env ?? []),
    "wait-for-websocket": true,
    interactive: false,
    ...(who === undefined ? {} : { user: who.uid, group: who.gid }),
  };
  const path = `/1.0/instances/${encodeURIComponent(instanceName(id))}/exec`;
  return await client.begin({ method: "POST", path, json }, { container: id }, signal);
}

/** As whom the container runs: the engine would take root. */
async function ownUser(client: LxdClient, id: string, signal: AbortSignal): Promise<string | undefined> {
  const path = `/1.0/instances/${encodeURIComponent(instanceName(id))}`;
  return viewOf(instanceForm.parse(await client.get(path, { container: id }, signal))).user;
}

async function emptyInput(opening: Promise<LxdSocket>): Promise<void> {
  (await opening).close();
}

/** A command that was not found is a failure to the engine, and a code to us. */
function exitCodeOf(ended: Operation, id: string): number {
  const told = endForm.safeParse(ended.metadata);
  if (told.success && (ended.status_code === 200 || told.data.return > 0)) return told.data.return;
  // Incus has no code for it.
  if (/command not found/i.test(ended.err)) return 127;
  throw lxdFault(ended.status_code, ended.err, { container: id });
}
