/** Every RPC of the run service, with three kinds of client: plain gRPC, Connect, and JSON over HTTP as curl sends it. */

import { create } from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { grpcMethods, Health, RunService, ServerReflection } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fleet } from "../support/fleet.ts";

const dag = `
name: api
steps:
  - id: make
    run: |
      echo hello from make
      printf 'content' > file.txt
      echo "answer=42" >> "$HAVERSACK_OUTPUT"
    outputs: [answer]
    artifacts: [file.txt]
`;
const endless = `
name: endless
steps:
  - { id: wait, run: "sleep 600" }
`;

let fleet: Fleet;
let token: string;

beforeAll(async () => {
  fleet = await Fleet.start();
  await fleet.startWorker("w");
  token = await fleet.token("admin");
});

afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
});

interface RunClient {
  submit(dag: string): Promise<string>;
  status(id: string): Promise<string>;
  list(): Promise<string[]>;
  /** The last event's run status. */
  watch(id: string): Promise<string>;
  cancel(id: string): Promise<boolean>;
  /** The id of the new run. */
  retry(id: string, fromStep: string): Promise<string>;
  logs(id: string): Promise<string>;
  artifact(id: string, step: string, path: string): Promise<string>;
  /** The name of the status code. */
  failure(id: string): Promise<string>;
}

function describeClient(name: string, open: () => RunClient): void {
  test(`${name}: Submit, Watch, Get, List, StreamLogs, GetArtifact, Retry and Cancel`, async () => {
    const client = open();
    const id = await client.submit(dag);
    expect(await client.watch(id)).toBe("SUCCEEDED");
    expect(await client.status(id)).toBe("SUCCEEDED");
    expect(await client.list()).toContain(id);
    expect(await client.logs(id)).toContain("hello from make\n");
    expect(await client.artifact(id, "make", "file.txt")).toBe("content");
    const again = await client.retry(id, "make");
    expect(again).not.toBe(id);
    expect(await client.watch(again)).toBe("SUCCEEDED");
    const long = await client.submit(endless);
    expect(await client.cancel(long)).toBe(true);
    expect(await client.watch(long)).toBe("CANCELLED");
    expect(await client.failure("no-such-run")).toMatch(/not_?found/i);
  });
}

const statusName = (status: number | string): string =>
  typeof status === "string"
    ? status.replace("RUN_STATUS_", "")
    : (["UNSPECIFIED", "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"][status] ?? "");

const join = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString("utf8");

describe("the run service", () => {
  describeClient("plain gRPC", plainGrpc);
  describeClient("Connect", () => connect("connect"));
  describeClient("gRPC-web", () => connect("grpc-web"));
  describeClient("JSON over HTTP/1.1", json);

  test("refuses a call without a token, with a foreign one, and with a worker's", async () => {
    const call = async (authorization: string) => (await post("List", {}, authorization)).status;
    expect(await call("")).toBe(401);
    expect(await call("Bearer hv1_nope")).toBe(401);
    expect(await call(`Bearer ${await fleet.token("worker")}`)).toBe(403);
    expect(await call(`Bearer ${token}`)).toBe(200);
  });

  test("refuses a page of another site and a foreign host name", async () => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const url = `${fleet.url}/haversack.v1.RunService/List`;
    const answer = await fetch(url, {
      method: "POST",
      body: "{}",
      headers: { ...headers, origin: "https://evil.example" },
    });
    expect(answer.status).toBe(403);
    expect((await fetch(`${fleet.url}/livez`)).status).toBe(200);
    expect((await fetch(`${fleet.url}/somewhere`, { headers })).status).toBe(404);
  });
});

describe("the standard services", () => {
  test("health answers without a token", async () => {
    const answer = await fetch(`${fleet.url}/${Health.typeName}/Check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ service: RunService.typeName }),
    });
    expect(await answer.json()).toEqual({ status: "SERVING" });
  });

  test("reflection lists the services and hands out their files, with everything they import", async () => {
    const { serverReflectionInfo: method } = grpcMethods(ServerReflection);
    const client = new grpc.Client(new URL(fleet.url).host, grpc.credentials.createInsecure());
    const call = client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadata(),
    );
    const { input } = ServerReflection.method.serverReflectionInfo;
    call.write(create(input, { messageRequest: { case: "listServices", value: "" } }));
    call.write(
      create(input, { messageRequest: { case: "fileContainingSymbol", value: RunService.typeName } }),
    );
    call.write(create(input, { messageRequest: { case: "fileByFilename", value: "no/such.proto" } }));
    call.end();
    const answers = [];
    for await (const { messageResponse } of call) answers.push(messageResponse);
    client.close();
    const [services, files, missing] = answers;
    expect(JSON.stringify(services)).toContain(RunService.typeName);
    expect(
      files?.case === "fileDescriptorResponse" && files.value.fileDescriptorProto.length,
    ).toBeGreaterThan(3);
    expect(missing?.case).toBe("errorResponse");
  });
});

function metadata(): grpc.Metadata {
  const headers = new grpc.Metadata();
  headers.set("authorization", `Bearer ${token}`);
  return headers;
}

function plainGrpc(): RunClient {
  const methods = grpcMethods(RunService);
  const client = new grpc.Client(new URL(fleet.url).host, grpc.credentials.createInsecure());
  const unary = <I, O>(method: grpc.MethodDefinition<I, O>, request: I): Promise<O> => {
    const answer = Promise.withResolvers<O>();
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata(),
      (error, value) => (value === undefined ? answer.reject(error) : answer.resolve(value)),
    );
    return answer.promise;
  };
  const stream = <I, O>(method: grpc.MethodDefinition<I, O>, request: I): AsyncIterable<O> =>
    client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata(),
    );
  const { method } = RunService;
  return {
    async submit(text) {
      const answer = await unary(
        methods.submit,
        create(method.submit.input, { dag: text, fileName: "api.yaml" }),
      );
      return answer.run?.id ?? "";
    },
    async status(runId) {
      const { run } = await unary(methods.get, create(method.get.input, { runId }));
      return statusName(run?.status ?? 0);
    },
    async list() {
      return (await unary(methods.list, create(method.list.input, {}))).runs.map(({ id }) => id);
    },
    async watch(runId) {
      let last = "";
      for await (const { event } of stream(methods.watch, create(method.watch.input, { runId }))) {
        if (event.case === "run") last = statusName(event.value.status);
      }
      return last;
    },
    async cancel(runId) {
      return (
        (await unary(methods.cancel, create(method.cancel.input, { runId }))).run?.cancelRequested ?? false
      );
    },
    async retry(runId, fromStep) {
      const request = create(method.retry.input, { runId, fromStep });
      return (await unary(methods.retry, request)).run?.id ?? "";
    },
    async logs(runId) {
      const pieces: Uint8Array[] = [];
      for await (const { data } of stream(methods.streamLogs, create(method.streamLogs.input, { runId })))
        pieces.push(data);
      return join(pieces);
    },
    async artifact(runId, stepId, path) {
      const pieces: Uint8Array[] = [];
      const request = create(method.getArtifact.input, { runId, stepId, path });
      for await (const { data } of stream(methods.getArtifact, request)) pieces.push(data);
      return join(pieces);
    },
    async failure(runId) {
      const error: unknown = await unary(methods.get, create(method.get.input, { runId })).catch(
        (reason: unknown) => reason,
      );
      return error instanceof Error && "code" in error ? (grpc.status[Number(error.code)] ?? "") : "none";
    },
  };
}

function connect(kind: "connect" | "grpc-web"): RunClient {
  const bearer: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const options = { baseUrl: fleet.url, httpVersion: "1.1" as const, interceptors: [bearer] };
  const transport = kind === "connect" ? createConnectTransport(options) : createGrpcWebTransport(options);
  const client = createClient(RunService, transport);
  return {
    submit: async (text) => (await client.submit({ dag: text, fileName: "api.yaml" })).run?.id ?? "",
    status: async (runId) => statusName((await client.get({ runId })).run?.status ?? 0),
    list: async () => (await client.list({})).runs.map(({ id }) => id),
    async watch(runId) {
      let last = "";
      for await (const { event } of client.watch({ runId })) {
        if (event.case === "run") last = statusName(event.value.status);
      }
      return last;
    },
    cancel: async (runId) => (await client.cancel({ runId })).run?.cancelRequested ?? false,
    retry: async (runId, fromStep) => (await client.retry({ runId, fromStep })).run?.id ?? "",
    async logs(runId) {
      const pieces: Uint8Array[] = [];
      for await (const { data } of client.streamLogs({ runId })) pieces.push(data);
      return join(pieces);
    },
    async artifact(runId, stepId, path) {
      const pieces: Uint8Array[] = [];
      for await (const { data } of client.getArtifact({ runId, stepId, path })) pieces.push(data);
      return join(pieces);
    },
    failure: (runId) => client.get({ runId }).then(() => "none", String),
  };
}

async function post(method: string, body: object, authorization = `Bearer ${token}`): Promise<Response> {
  return await fetch(`${fleet.url}/${RunService.typeName}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(authorization === "" ? {} : { authorization }) },
    body: JSON.stringify(body),
  });
}

/** Connect's streams over plain HTTP: five bytes of envelope before each JSON message. */
async function postStream(method: string, body: object): Promise<Record<string, unknown>[]> {
  const json = Buffer.from(JSON.stringify(body));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(json.length, 1);
  const response = await fetch(`${fleet.url}/${RunService.typeName}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", authorization: `Bearer ${token}` },
    body: Buffer.concat([head, json]),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const messages: Record<string, unknown>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    const isEnd = ((bytes[at] ?? 0) & 2) !== 0;
    if (!isEnd)
      messages.push(JSON.parse(bytes.toString("utf8", at + 5, at + 5 + length)) as Record<string, unknown>);
    at += 5 + length;
  }
  return messages;
}

interface WireRun {
  readonly id: string;
  readonly status: string;
  readonly cancelRequested?: boolean;
}

function json(): RunClient {
  const call = async (method: string, body: object) =>
    (await (await post(method, body)).json()) as { run: WireRun; runs: WireRun[]; code: string };
  const bytes = (messages: readonly Record<string, unknown>[]): string =>
    join(messages.map(({ data }) => Buffer.from(String(data), "base64")));
  return {
    submit: async (text) => (await call("Submit", { dag: text, fileName: "api.yaml" })).run.id,
    status: async (runId) => statusName((await call("Get", { runId })).run.status),
    list: async () => (await call("List", {})).runs.map(({ id }) => id),
    async watch(runId) {
      const events = await postStream("Watch", { runId });
      return statusName(
        events.flatMap(({ run }) => (run === undefined ? [] : [(run as { status: string }).status])).at(-1) ??
          "",
      );
    },
    cancel: async (runId) => (await call("Cancel", { runId })).run.cancelRequested ?? false,
    retry: async (runId, fromStep) => (await call("Retry", { runId, fromStep })).run.id,
    logs: async (runId) => bytes(await postStream("StreamLogs", { runId })),
    artifact: async (runId, stepId, path) => bytes(await postStream("GetArtifact", { runId, stepId, path })),
    failure: async (runId) => (await call("Get", { runId })).code,
  };
}
