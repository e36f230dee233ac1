/** One worker with the ids of another one, in every call there is (A1, AU-4, AU-5, AU-7). */

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { present } from "@haversack/base";
import { grpcMethods, parseWorkerId, WorkerService } from "@haversack/protocol";
import { expect, test } from "vitest";
import { joinedAccess } from "../../packages/worker/src/testing/open-access.ts";
import { Fleet, noSignal } from "../support/fleet.ts";

type Ref = Record<"runId" | "stepId" | "generation", string> & { readonly attempt: number };

/** A message that names the other worker and its attempt wherever it can; one for each branch of a oneof. */
function filled(schema: DescMessage, ref: Ref, worker: string): Message[] {
  if (schema.name === "AttemptRef") return [create(schema, ref as never)];
  const all: Record<string, unknown>[] = [{}];
  const branches: Record<string, unknown>[] = [];
  for (const field of schema.fields) {
    const value = valueOf(field, ref, worker);
    if (value === undefined) continue;
    if (field.oneof === undefined) for (const each of all) each[field.localName] = value;
    else branches.push({ [field.oneof.localName]: { case: field.localName, value } });
  }
  const variants = branches.length === 0 ? all : branches.map((branch) => ({ ...all[0], ...branch }));
  return variants.map((variant) => create(schema, variant as never));
}

/** Whether it names an attempt, at any depth. */
const mentions = (schema: DescMessage): boolean =>
  schema.name === "AttemptRef" ||
  schema.fields.some(({ message }) => message !== undefined && message !== schema && mentions(message));

function valueOf(field: DescMessage["fields"][number], ref: Ref, worker: string): unknown {
  const { message } = field;
  if (message !== undefined && !mentions(message)) return undefined;
  if (field.fieldKind === "message") return filled(field.message, ref, worker)[0];
  if (field.fieldKind === "list" && field.listKind === "message") return filled(field.message, ref, worker);
  if (field.fieldKind === "enum") return field.enum.values[1]?.number;
  if (field.fieldKind !== "scalar") return undefined;
  if (field.name === "worker_id") return worker;
  if (field.name === "digest") return new Uint8Array(32);
  return undefined;
}

const methods = Object.values(grpcMethods(WorkerService));

/** The code that the call ends with. */
async function ending(
  client: grpc.Client,
  metadata: grpc.Metadata,
  method: (typeof methods)[number],
  messages: readonly Message[],
): Promise<number> {
  const serialize = method.requestSerialize as (message: Message) => Buffer;
  const call = client.makeBidiStreamRequest(method.path, serialize, (bytes) => bytes, metadata);
  call.on("error", () => {});
  call.on("data", () => {});
  for (const message of messages) call.write(message);
  // Who hangs up at once is told nothing.
  if (!method.path.endsWith("/Session")) call.end();
  const { code } = await new Promise<grpc.StatusObject>((resolve) => call.once("status", resolve));
  return code;
}

test("every call of a worker with another one's ids is refused, and changes nothing", async () => {
  await using fleet = await Fleet.start();
  await fleet.startWorker("owner");
  const run = await fleet.submit("name: long\nsteps:\n  - id: s\n    run: sleep 600\n");
  await fleet.step(run.id, "s", "running");
  const client = await fleet.client();
  const [owner] = await client.workers(noSignal);
  const ownerId = present(owner, "the owner").id;
  const ref = { runId: run.id, stepId: "s", generation: await generationOf(fleet), attempt: 1 };
  const thief = parseWorkerId(`${ownerId}-thief`.slice(0, 64));
  const access = await joinedAccess(fleet.url, thief, await fleet.token("worker"));
  const { target, credentials } = access.channel(new URL(fleet.url));
  const channel = new grpc.Client(target, credentials);
  const hello = (id: string) => helloOf(id);
  try {
    for (const method of methods) {
      const { input } = present(
        WorkerService.methods.find(({ name }) => method.path.endsWith(`/${name}`)),
        method.path,
      );
      for (const message of filled(input, ref, ownerId)) {
        const isSession = method.path.endsWith("/Session");
        const body = (message as { body?: { case?: string } }).body?.case ?? "";
        // A list of what it holds, credits and words of a later version are answered on the stream.
        if (isSession && ["hello", "credits", "heartbeat"].includes(body)) continue;
        const messages = isSession ? [hello(thief), message] : [message];
        const code = await ending(channel, access.metadata(), method, messages);
        expect([method.path, body, grpc.status[code]]).toEqual([method.path, body, "PERMISSION_DENIED"]);
      }
    }
    const session = present(
      methods.find(({ path }) => path.endsWith("/Session")),
      "Session",
    );
    for (const id of [ownerId, ownerId.toUpperCase(), ownerId.slice(0, -1), `${ownerId}x`, `${thief}x`])
      expect(grpc.status[await ending(channel, access.metadata(), session, [hello(id)])]).toBe(
        "PERMISSION_DENIED",
      );
  } finally {
    channel.close();
  }
  expect((await client.run(run.id, noSignal)).steps[0]).toMatchObject({ phase: "running", attempt: 1 });
  expect(await fleet.log(run.id, "s")).toBe("");
  const connected = (await client.workers(noSignal)).filter((each) => each.connected);
  expect(connected.map(({ id }) => id)).toEqual([ownerId]);
});

function helloOf(workerId: string): Message {
  const schema = WorkerService.method.session.input;
  const value = {
    workerId,
    bootId: "boot",
    name: "thief",
    version: "test",
    slots: 1,
    snapshotMinVersion: 1,
    snapshotMaxVersion: 1,
  };
  return create(schema, { body: { case: "hello", value } } as never);
}

async function generationOf(fleet: Fleet): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return (await readFile(`${fleet.data}/generation`, "utf8")).trim();
}
