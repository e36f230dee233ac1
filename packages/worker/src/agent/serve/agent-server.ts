/**
 * HTTP of a deployed agent: `GET /healthz` and `POST /v1/turns`. Only `application/json` is taken, which no page of
 * another site can send without asking first; whoever may reach the port may use the agent.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FaultError, messageOf, type Service } from "@haversack/base";
import { z } from "zod";
import type { ServedAgent, TurnAnswer } from "./served-agent.ts";

export interface AgentServer extends Service {
  /** Once started. */
  readonly url: string;
}

export interface AgentServerOptions {
  readonly host: string;
  readonly port: number;
  readonly turnsMax: number;
  /** Undefined: there is no snapshot, and no turns. */
  readonly agent: ServedAgent | undefined;
}

const bodyBytesMax = 1024 * 1024;
/** Nobody sends a megabyte for longer. */
const bodyMsMax = 30_000;

const turnBody = z.strictObject({
  prompt: z.string().min(1),
  output: z.record(z.string(), z.json()).optional(),
});

/** What the client did wrong, or what is wrong here. */
class Refusal extends FaultError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super("invalid", code, message);
    this.status = status;
    this.headers = headers;
  }
}

export function agentServer(options: AgentServerOptions): AgentServer {
  const stopping = new AbortController();
  const turns = new Set<Promise<void>>();
  const server = createServer(
    { requestTimeout: bodyMsMax, headersTimeout: bodyMsMax },
    (request, response) => {
      const [path = ""] = (request.url ?? "").split("?", 1);
      if (path === "/healthz") return health(request, response, options);
      const answered = (async () => {
        if (path !== "/v1/turns")
          throw new Refusal(404, "not_found", "not found; there are /healthz and /v1/turns");
        await takeTurn(request, response, { options, running: turns.size, stopping: stopping.signal });
      })().catch((error: unknown) => refuse(response, error));
      turns.add(answered);
      void answered.finally(() => turns.delete(answered));
    },
  );
  const { host, port } = options;
  return {
    name: "agent server",
    get url() {
      return `http://${host}:${(server.address() as AddressInfo | null)?.port ?? port}`;
    },
    start: () =>
      new Promise((resolve, reject) => {
        server.once("error", (cause) => {
          const message = `cannot listen on ${host}:${port}: ${messageOf(cause)}; choose another with PORT`;
          reject(new FaultError("unavailable", "cannot_listen", message, { cause }));
        });
        server.listen({ host, port }, () => resolve());
      }),
    async stop() {
      server.close();
      stopping.abort(new Error("the agent server stops"));
      await Promise.all(turns);
      server.closeAllConnections();
    },
  };
}

function health(request: IncomingMessage, response: ServerResponse, { agent }: AgentServerOptions): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(response, new Refusal(405, "bad_method", "only GET", { allow: "GET" }));
  }
  const about =
    agent === undefined ? { agent: null } : { agent: { snapshot: agent.digest, models: agent.models } };
  answer(response, 200, { status: "ok", ...about });
}

async function takeTurn(
  request: IncomingMessage,
  response: ServerResponse,
  { options, running, stopping }: { options: AgentServerOptions; running: number; stopping: AbortSignal },
): Promise<void> {
  if (request.method !== "POST") throw new Refusal(405, "bad_method", "only POST", { allow: "POST" });
  const { agent, turnsMax } = options;
  if (agent === undefined) {
    throw new Refusal(
      409,
      "no_agent",
      "this container has no agent: no snapshot was at /run/haversack/snapshot.pack when it started",
    );
  }
  if (running >= turnsMax) {
    throw new Refusal(429, "busy", `${turnsMax} turns are running, which is the most; ask again later`, {
      "retry-after": "1",
    });
  }
  const { prompt, output } = parseBody(await readBody(request));
  // Nobody waits for the answer of a client that is gone.
  const gone = new AbortController();
  response.once("close", () => gone.abort(new Error("the client is gone")));
  const either = AbortSignal.any([stopping, gone.signal]);
  answerTurn(response, await agent.turn({ prompt, ...(output !== undefined && { output }) }, either));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refusal(415, "bad_content_type", "the body must be JSON, with content-type: application/json");
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyBytesMax)
      throw new Refusal(413, "too_large", `the body has more than ${bodyBytesMax} bytes`, {
        connection: "close",
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseBody(text: string): z.infer<typeof turnBody> {
  const wanted = 'expected {"prompt": "...", "output"?: JSON Schema}';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "bad_json", `the body is no JSON: ${messageOf(error)}; ${wanted}`);
  }
  const parsed = turnBody.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join(".") || "the body"}: ${message}`,
  );
  throw new Refusal(400, "bad_turn", `${problems.join("; ")}; ${wanted}`);
}

/** Of the failures of an agent: what a client may do about it. */
const statusOf: Readonly<Record<string, number>> = {
  agent_stopped: 503,
  model_unavailable: 503,
  bad_output_schema: 400,
  internal: 500,
};

function answerTurn(response: ServerResponse, { text, isCut, end }: TurnAnswer): void {
  const said = { text, ...(isCut && { cut: true }) };
  if (end.kind === "failed") {
    answer(response, statusOf[end.failure.code] ?? 422, { error: end.failure, ...said, usage: end.usage });
    return;
  }
  const output = Object.keys(end.outputs).length === 0 ? undefined : end.outputs;
  answer(response, 200, { ...said, output, usage: end.usage });
}

function refuse(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) {
    answer(response, error.status, { error: { code: error.code, message: error.message } }, error.headers);
  } else answer(response, 500, { error: { code: "internal", message: messageOf(error) } });
}

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const fixed = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  response.writeHead(status, { ...fixed, ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}
