import { expect, test } from "vitest";
import { type EngineLine, readFrames } from "./pull-frames.ts";

async function read(...chunks: (string | Uint8Array | Error)[]): Promise<EngineLine[]> {
  const lines: EngineLine[] = [];
  for await (const line of readFrames(source(chunks))) lines.push(line);
  return lines;
}

async function* source(chunks: (string | Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  }
}

test("a line may lie across chunks, a character too, and the last one needs no line break", async () => {
  const bytes = Buffer.from('{"status":"Zurück","id":"abc"}\r\n\r\n{"status":"Done"}');
  const whole: EngineLine[] = [
    { kind: "frame", frame: { status: "Zurück", layer: "abc" } },
    { kind: "frame", frame: { status: "Done" } },
  ];
  for (let cut = 1; cut < bytes.length; cut += 1) {
    expect(await read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(whole);
  }
});

test.each([
  '{"error":"no such thing"}',
  '{"errorDetail":{"message":"no such thing"},"error":"x"}',
  '{"message":"no such thing"}',
  '{"progressDetail":{},"errorDetail":{"message":"no such thing"}}',
])("%s is a fault, whatever the answer's status was", async (line) => {
  expect(await read(`${line}\n`)).toEqual([{ kind: "error", message: "no such thing" }]);
});

test.each(["<html>", '{"status":"Pulli', "null", "7"])("%s is no frame", async (line) => {
  const lines = read('{"status":"a"}\n', line, "\n");
  await expect(lines).rejects.toMatchObject({ fault: "corrupt", code: "protocol" });
});

test("a cut connection is the engine's absence, not the end", async () => {
  const cut = read('{"status":"a"}\n', Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
  await expect(cut).rejects.toMatchObject({ fault: "unavailable", code: "engine_unavailable" });
});

test("a line without an end is given up", async () => {
  await expect(read("x".repeat(600_000), "y".repeat(600_000))).rejects.toMatchObject({ code: "protocol" });
});

test("numbers that are none are left out", async () => {
  const [line] = await read('{"status":"Extracting","id":"a","progressDetail":{"current":"3","total":-1}}\n');
  expect(line).toEqual({ kind: "frame", frame: { status: "Extracting", layer: "a" } });
});
