import { expect, test } from "vitest";
import { piecesOf } from "./raw-stream.ts";

function frame(stream: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(stream, 0);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function read(chunks: readonly Uint8Array[]): Promise<string> {
  const pieces: Uint8Array[] = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const piece of piecesOf(source)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test("frames of both streams are one output, wherever they are cut", async () => {
  const whole = Buffer.concat([frame(1, "out\n"), frame(2, ""), frame(2, "Zurück\n"), frame(1, "end")]);
  for (let cut = 0; cut <= whole.length; cut += 1) {
    expect(await read([whole.subarray(0, cut), whole.subarray(cut)])).toBe("out\nZurück\nend");
  }
  expect(await read([...whole].map((byte) => Buffer.from([byte])))).toBe("out\nZurück\nend");
});

test("what is no frame is not guessed at", async () => {
  await expect(read([Buffer.from("plain text")])).rejects.toMatchObject({ code: "protocol" });
  await expect(read([Buffer.from([1, 0, 0, 0, 0xff, 0, 0, 0])])).rejects.toMatchObject({ code: "protocol" });
});
