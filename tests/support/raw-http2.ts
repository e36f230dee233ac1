/** HTTP/2 by hand, for peers that do what no library would. */

import { connect, type Socket } from "node:net";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  continuation: 9,
} as const;

export const endHeaders = 4;

/** RFC 9113, 4.1. */
export function frame(
  type: keyof typeof frameTypes,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  flags = 0,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = frameTypes[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** `POST /`, by entries of the static table and one literal (RFC 7541). */
export const requestHeaders = Buffer.concat([
  Buffer.from([0x83, 0x86, 0x84, 0x41, "localhost".length]),
  Buffer.from("localhost"),
]);

/** Connected, with the preface and empty settings sent. Errors of the connection are expected here. */
export async function dialHttp2(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => {
    socket.once("connect", () => resolve());
    socket.once("close", () => resolve());
  });
  socket.write(Buffer.concat([preface, frame("settings", 0)]));
  return socket;
}

/** Writes until the other end closes the connection or all is written; resolves with whether it was closed. */
export async function flood(socket: Socket, pieces: Iterable<Buffer>): Promise<boolean> {
  const closed = new Promise<"closed">((resolve) => socket.once("close", () => resolve("closed")));
  for (const piece of pieces) {
    if (socket.destroyed) return true;
    const isFull = !socket.write(piece);
    if (!isFull) continue;
    const drained = new Promise<"drained">((resolve) => socket.once("drain", () => resolve("drained")));
    if ((await Promise.race([drained, closed])) === "closed") return true;
  }
  return socket.destroyed;
}

/** Resolves when the other end has closed the connection, which is read meanwhile. */
export async function closedByPeer(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.once("end", () => resolve());
    socket.once("close", () => resolve());
  });
}
