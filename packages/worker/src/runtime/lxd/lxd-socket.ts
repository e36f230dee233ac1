/** WebSockets of LXD and Incus over the unix socket: events, and the streams of a command. */

import { connect } from "node:net";
import { messageOf } from "@haversack/base";
import { type RawData, WebSocket } from "ws";
import { engineUnavailable } from "../runtime-faults.ts";

export interface SocketHearing {
  /** May be called before the socket is handed over. @param close as `LxdSocket.close` */
  readonly onMessage: (data: Buffer, isText: boolean, close: () => void) => void;
}

export interface LxdSocket {
  /** Resolves when it is closed, whoever closed it; never rejects. */
  readonly closed: Promise<void>;
  sendText(text: string): void;
  close(): void;
  /** At once. */
  drop(): void;
}

/** Resolves when it is open; rejects with `unavailable`. */
export async function openLxdSocket(
  socket: string,
  path: string,
  hearing: SocketHearing,
): Promise<LxdSocket> {
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const ws = new WebSocket(`ws://lxd${path}`, {
    createConnection: () => connect(socket),
    perMessageDeflate: false,
  });
  ws.on("open", () => opened.resolve());
  // After an error comes `close`.
  ws.on("error", (error) => opened.reject(engineUnavailable(`${path}: ${messageOf(error)}`, error)));
  ws.on("close", () => {
    opened.reject(engineUnavailable(`${path}: it hung up`));
    closed.resolve();
  });
  ws.on("message", (data, isBinary) => hearing.onMessage(bufferOf(data), !isBinary, () => ws.close()));
  await opened.promise;
  return {
    closed: closed.promise,
    sendText: (text) => ws.send(text),
    close: () => ws.close(),
    drop: () => ws.terminate(),
  };
}

function bufferOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
