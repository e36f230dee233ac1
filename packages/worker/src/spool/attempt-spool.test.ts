import { createHash } from "node:crypto";
import { appendFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLog } from "@haversack/base";
import { type LogStream, parseGeneration, parseRunId, parseStepId } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { FakeClock, turns } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { boundsOf, LogKeeper } from "../testing/log-keeper.ts";
import { AttemptSpool } from "./attempt-spool.ts";
import { reopenSpools } from "./reopen.ts";

const ref = {
  runId: parseRunId("run"),
  stepId: parseStepId("step"),
  attempt: 1,
  generation: parseGeneration("1-a"),
};
const result = { ref, outcome: "succeeded", outputs: new Map([["n", 7]]), artifacts: [] } as const;
const sha256 = (data: Uint8Array) => `sha256:${createHash("sha256").update(data).digest("hex")}`;

async function setup(bounds = boundsOf()) {
  const folder = await tempFolder();
  const keeper = new LogKeeper();
  const spool = await AttemptSpool.create(ref, folder.path, { uplink: keeper.uplink, bounds });
  const dispose = async () => {
    await spool.close();
    await folder[Symbol.asyncDispose]();
  };
  return { folder, keeper, spool, [Symbol.asyncDispose]: dispose };
}

describe("the log", () => {
  test("leaves as it is written, and the result only after all of it is acknowledged", async () => {
    await using world = await setup();
    const { keeper, spool } = world;
    keeper.up();
    await spool.write("stdout", Buffer.from("hello "));
    await spool.write("stdout", Buffer.from("world"));
    await spool.seal(result);
    await vi.waitFor(() => expect(keeper.bytes("stdout").toString()).toBe("hello world"));
    expect(keeper.results).toEqual([]);
    keeper.deliver(spool);
    await vi.waitFor(() => expect(keeper.results).toHaveLength(1));
    const logs = [{ stream: "stdout", length: 11, sha256: sha256(Buffer.from("hello world")) }];
    expect(keeper.results[0]).toEqual({ ...result, logs });
  });

  test("the last acknowledgements of two streams may come in one message", async () => {
    await using world = await setup();
    const { keeper, spool } = world;
    keeper.up();
    await spool.write("stdout", Buffer.from("out"));
    await spool.write("stderr", Buffer.from("err"));
    await spool.seal(result);
    await vi.waitFor(() => expect(keeper.acks).toHaveLength(2));
    keeper.deliver(spool);
    await vi.waitFor(() => expect(keeper.results).toHaveLength(1));
  });

  test("no more than a window is under way without an acknowledgement", async () => {
    await using world = await setup();
    const { keeper, spool } = world;
    keeper.up();
    await spool.write("stdout", Buffer.alloc(3 * 1024 * 1024, "x"));
    await vi.waitFor(() => expect(keeper.bytes("stdout").length).toBe(1024 * 1024));
    await turns(20);
    expect(keeper.bytes("stdout").length).toBe(1024 * 1024);
    keeper.deliver(spool);
    await vi.waitFor(() => expect(keeper.bytes("stdout").length).toBe(2 * 1024 * 1024));
  });

  test("is cut where it comes too fast, and says in that place how much is missing (PR-7)", async () => {
    const clock = new FakeClock();
    await using world = await setup(boundsOf({ bytesPerSecond: 10, burstBytes: 20 }, clock));
    const { keeper, spool } = world;
    keeper.up();
    await spool.write("stdout", Buffer.from("a".repeat(25)));
    await spool.write("stdout", Buffer.from("b".repeat(5)));
    clock.advance(500);
    await spool.write("stdout", Buffer.from("c"));
    clock.advance(1000);
    await spool.write("stdout", Buffer.from("d"));
    await spool.seal(result);
    const why = "more than 10 bytes a second, after the first 20 bytes";
    const whole = `${"a".repeat(20)}\n[haversack: 11 bytes of this log were cut here: ${why}]\nd`;
    await vi.waitFor(() => expect(keeper.bytes("stdout").toString()).toBe(whole));
  });

  test("is cut at the end of its stream, and when the disk of the worker has its share", async () => {
    const bounds = boundsOf({ streamBytesMax: 10, spoolBytesMax: 100 });
    await using world = await setup(bounds);
    const { keeper, spool } = world;
    keeper.up();
    await spool.write("stdout", Buffer.from("x".repeat(12)));
    const other = bounds.forAttempt();
    other.hold(85);
    await spool.write("stderr", Buffer.from("y".repeat(9)));
    await spool.seal(result);
    const marked = (text: string, bytes: number, why: string) =>
      `${text}\n[haversack: ${bytes} bytes of this log were cut here: ${why}]\n`;
    const stdout = marked("x".repeat(10), 2, "a stream may have 10 bytes");
    const stderr = marked("y".repeat(5), 4, "the spool of the worker is full");
    await vi.waitFor(() => expect(keeper.bytes("stdout").toString()).toBe(stdout));
    await vi.waitFor(() => expect(keeper.bytes("stderr").toString()).toBe(stderr));
    await spool.drop();
    other.release();
    expect(bounds.forAttempt().admit(0, 10, false)).toEqual({ kept: 10 });
  });

  test("the caller may use its buffer again at once", async () => {
    await using world = await setup();
    const { keeper, spool } = world;
    keeper.up();
    const buffer = Buffer.from("first");
    const written = spool.write("stdout", buffer);
    buffer.fill("x");
    await written;
    await vi.waitFor(() => expect(keeper.bytes("stdout").toString()).toBe("first"));
  });

  test("an acknowledgement of what was never written is a bug that shows", async () => {
    await using world = await setup();
    await world.spool.write("stdout", Buffer.from("abc"));
    expect(() => world.spool.acknowledgeLog({ ref, stream: "stdout", nextOffset: 4 })).toThrow(
      "acknowledged 4 of 3 bytes",
    );
  });

  test("what was written is gone when it is dropped, and later writes do no harm", async () => {
    await using world = await setup();
    await world.spool.write("stdout", Buffer.from("abc"));
    await world.spool.drop();
    await world.spool.drop();
    await world.spool.write("stdout", Buffer.from("late"));
    expect(await readdir(world.folder.path)).toEqual([]);
  });
});

const streams = ["stdout", "stderr", "system"] as const satisfies LogStream[];
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("write"),
      stream: fc.constantFrom(...streams),
      data: fc.uint8Array({ maxLength: 50 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("flood"),
      stream: fc.constantFrom(...streams),
      bytes: fc.integer({ min: 60_000, max: 200_000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("ack", "ackAgain", "up", "down", "lose", "turn") }),
  },
);

test("whatever is lost, repeated or cut, the coordinator gets exactly what was written, then the result", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      await using world = await setup();
      const { keeper, spool } = world;
      const written = new Map<LogStream, Buffer>();
      const write = async (stream: LogStream, data: Uint8Array) => {
        written.set(stream, Buffer.concat([written.get(stream) ?? Buffer.alloc(0), data]));
        await spool.write(stream, data);
      };
      let seen: typeof keeper.acks = [];
      for (const each of actions) {
        if (each.do === "write" && "data" in each) await write(each.stream, each.data);
        if (each.do === "flood" && "bytes" in each) await write(each.stream, Buffer.alloc(each.bytes, "f"));
        if (each.do === "ack") {
          seen = keeper.acks;
          keeper.deliver(spool);
        }
        // An old acknowledgement once more, as after a reconnection.
        if (each.do === "ackAgain") for (const ack of seen) spool.acknowledgeLog(ack);
        if (each.do === "up") {
          keeper.lose(false);
          keeper.up();
        }
        if (each.do === "down") keeper.down();
        if (each.do === "lose") keeper.lose(true);
        if (each.do === "turn") await turns(2);
      }
      await spool.seal(result);
      keeper.down();
      keeper.lose(false);
      keeper.up();
      for (let round = 0; keeper.results.length === 0; round++) {
        expect(round).toBeLessThan(100_000);
        await turns(2);
        keeper.deliver(spool);
      }
      for (const stream of streams) {
        expect(sha256(keeper.bytes(stream))).toBe(sha256(written.get(stream) ?? Buffer.alloc(0)));
      }
      for (const { stream, length, sha256: digest } of keeper.results[0]?.logs ?? []) {
        expect([length, digest]).toEqual([keeper.bytes(stream).length, sha256(keeper.bytes(stream))]);
      }
    }),
    { numRuns: 60 },
  );
});

describe("after the worker was killed", () => {
  async function sealed() {
    const world = await setup();
    await world.spool.write("stdout", Buffer.from("all of it"));
    await world.spool.seal(result);
    await world.spool.close();
    return world;
  }

  test("a sealed result is told again, with its log, and dropped when it is accepted", async () => {
    await using world = await sealed();
    const keeper = new LogKeeper();
    const [spool, ...more] = await reopenSpools(
      world.folder.path,
      { uplink: keeper.uplink, bounds: boundsOf() },
      silentLog,
    );
    expect(more).toEqual([]);
    keeper.up();
    await vi.waitFor(() => expect(keeper.bytes("stdout").toString()).toBe("all of it"));
    if (spool !== undefined) keeper.deliver(spool);
    await vi.waitFor(() => expect(keeper.results).toMatchObject([{ outcome: "succeeded" }]));
    await spool?.drop();
    expect(await readdir(world.folder.path)).toEqual([]);
  });

  test("an attempt without a result leaves nothing", async () => {
    await using world = await setup();
    await world.spool.write("stdout", Buffer.from("half"));
    expect(
      await reopenSpools(
        world.folder.path,
        { uplink: new LogKeeper().uplink, bounds: boundsOf() },
        silentLog,
      ),
    ).toEqual([]);
    expect(await readdir(world.folder.path)).toEqual([]);
  });

  test.each([
    ["a torn result", "result", (file: string) => truncate(file, 40)],
    ["an empty result", "result", (file: string) => truncate(file, 0)],
    ["a damaged result", "result", (file: string) => writeFile(file, Buffer.alloc(80))],
    ["a result with something behind it", "result", (file: string) => appendFile(file, "x")],
    ["a log that is shorter than the result says", "stdout.log", (file: string) => truncate(file, 3)],
  ])(
    "%s is removed, so that the step runs again, and is not listened to any more",
    async (_, name, damage) => {
      await using world = await sealed();
      await damage(join(world.spool.folder, name));
      const keeper = new LogKeeper();
      expect(
        await reopenSpools(world.folder.path, { uplink: keeper.uplink, bounds: boundsOf() }, silentLog),
      ).toEqual([]);
      expect(await readdir(world.folder.path)).toEqual([]);
      keeper.up();
      await turns();
      expect([keeper.results, keeper.bytes("stdout").length]).toEqual([[], 0]);
    },
  );
});
