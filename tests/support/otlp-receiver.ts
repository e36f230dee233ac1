/** A receiver of traces: OTLP over HTTP, protobuf. It reads no more of a span than tests ask for. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it is the first of its trace. */
  readonly parentId: string;
  readonly name: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Ids of spans. */
  readonly links: readonly string[];
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly failed: boolean;
}

export class OtlpReceiver implements AsyncDisposable {
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();
  readonly spans: ReceivedSpan[] = [];
  /** Of the requests, as they came. */
  readonly bodies: Buffer[] = [];
  readonly headers: NodeJS.Dict<string | string[]>[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server);
    server.on("request", (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        receiver.#take(Buffer.concat(pieces), request.headers);
        response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  /** Variables of a process that is to send its traces here. */
  get env(): NodeJS.ProcessEnv {
    const { port } = this.#server.address() as AddressInfo;
    return { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  }

  /** Resolves with the spans so far, once they satisfy. */
  async until(satisfied: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]> {
    while (!satisfied(this.spans)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.spans;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #take(body: Buffer, headers: NodeJS.Dict<string | string[]>): void {
    this.bodies.push(body);
    this.headers.push(headers);
    for (const resource of messages(read(body), 1)) this.spans.push(...spansOf(resource));
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** By number: what a message has in its fields. */
type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

function read(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    values.push(valueOf(reader, type));
  }
  return fields;
}

function valueOf(reader: BinaryReader, type: WireType): Uint8Array | bigint {
  if (type === WireType.LengthDelimited) return reader.bytes();
  if (type === WireType.Varint) return BigInt(reader.int64());
  return BigInt(type === WireType.Bit64 ? reader.fixed64() : reader.fixed32());
}

const bytesOf = (fields: Fields, number: number): Uint8Array[] =>
  (fields.get(number) ?? []).filter((value) => typeof value !== "bigint");
const messages = (fields: Fields, number: number): Fields[] => bytesOf(fields, number).map(read);
const textOf = (fields: Fields, number: number): string =>
  Buffer.from(bytesOf(fields, number)[0] ?? []).toString();
const hexOf = (fields: Fields, number: number): string =>
  Buffer.from(bytesOf(fields, number)[0] ?? []).toString("hex");
const numberOf = (fields: Fields, number: number): bigint => {
  const [value = 0n] = fields.get(number) ?? [];
  return typeof value === "bigint" ? value : 0n;
};

function attributesOf(fields: Fields, number: number): ReceivedSpan["attributes"] {
  return Object.fromEntries(
    messages(fields, number).map((pair) => {
      const [value = new Map() as Fields] = messages(pair, 2);
      if (value.has(2)) return [textOf(pair, 1), numberOf(value, 2) === 1n];
      return [textOf(pair, 1), value.has(3) ? Number(numberOf(value, 3)) : textOf(value, 1)];
    }),
  );
}

function spansOf(resourceSpans: Fields): ReceivedSpan[] {
  const [resource = new Map() as Fields] = messages(resourceSpans, 1);
  const service = String(attributesOf(resource, 1)["service.name"]);
  const spans = messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2));
  return spans.map((span) => ({
    traceId: hexOf(span, 1),
    spanId: hexOf(span, 2),
    parentId: hexOf(span, 4),
    name: textOf(span, 5),
    service,
    attributes: attributesOf(span, 9),
    links: messages(span, 13).map((link) => hexOf(link, 2)),
    start: numberOf(span, 7),
    end: numberOf(span, 8),
    failed: messages(span, 15).some((status) => numberOf(status, 3) === 2n),
  }));
}
