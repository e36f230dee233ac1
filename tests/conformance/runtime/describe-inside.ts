/** What happens in a container: its bounds, commands, output and files. */

import { expect, test } from "vitest";
import type { ContainerFile, ExecSpec, LogOptions } from "../../../packages/worker/src/runtime/container.ts";
import type { ImageIdentity } from "../../../packages/worker/src/runtime/runtime.ts";
import {
  containerSpec,
  ended,
  type Launched,
  launched,
  made,
  never,
  type RuntimeWorld,
  sharedImage,
} from "./runtime-world.ts";

export function describeInside(the: () => RuntimeWorld): void {
  const imageOf = sharedImage(the);
  describeBounds(the, imageOf);
  describeCommands(the, imageOf);
  describeLogs(the, imageOf);
  describeFiles(the, imageOf);
}

type Run = (
  container: Launched,
  script: string,
  more?: Partial<ExecSpec>,
) => Promise<{ readonly exitCode: number; readonly text: string }>;

function commandsIn(the: () => RuntimeWorld): Run {
  return async ({ id }, script, more = {}) => {
    const command = { argv: ["/bin/sh", "-c", script], outputMax: 100_000, ...more };
    const { exitCode, output } = await the().runtime.exec(id, command, never);
    return { exitCode, text: Buffer.from(output).toString() };
  };
}

function describeBounds(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  const run = commandsIn(the);

  test("it runs bounded, as nobody, with nothing to gain", async () => {
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    expect((await run(container, "id -u; id -g")).text).toBe("10001\n10001\n");
    const status = (await run(container, "cat /proc/1/status")).text;
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect((await run(container, "touch /etc/x")).text).toMatch(/Read-only file system/);
    expect(await run(container, "touch /tmp/x && rm /tmp/x")).toMatchObject({ exitCode: 0 });
    expect((await run(container, "head -c 8000000 /dev/zero > /tmp/full")).text).toMatch(
      /I\/O error|No space left/,
    );
    expect((await run(container, "ip link")).text).not.toMatch(/eth0/);
  });

  test("capabilities that were asked for stay, and no others", async () => {
    const spec = containerSpec(the(), imageOf(), {
      capabilities: ["CHOWN"],
      user: "0:0",
      readOnlyRoot: false,
    });
    await using container = await launched(the(), spec);
    const status = (await run(container, "cat /proc/self/status")).text;
    expect(status).toMatch(/^CapBnd:\s+0000000000000001$/m);
    expect(await run(container, "touch /tmp/x && chown 10001:10001 /tmp/x")).toMatchObject({ exitCode: 0 });
  });

  test("too many processes are refused, and too much memory is the end", async () => {
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    const many = await run(container, "for i in $(seq 60); do sleep 0.3 & done; wait");
    expect(many.text).toMatch(/can't fork|Resource temporarily unavailable/);
    const name = `hv-${the().cluster}-2`;
    const greedy = containerSpec(the(), imageOf(), {
      name,
      entrypoint: ["/bin/sh", "-c", "x=$(yes | head -c 200000000)"],
    });
    await using second = await launched(the(), greedy);
    const view = await ended(the(), second);
    expect(view.exitCode).not.toBe(0);
  });
}

function describeCommands(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  const run = commandsIn(the);

  test("a command's end, its output and its surroundings", async () => {
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    const pieces: Uint8Array[] = [];
    const onOutput = (piece: Uint8Array) => void pieces.push(piece);
    const more = { env: new Map([["A", "b c"]]), user: "10002:10002", onOutput };
    const end = await run(container, 'echo "$A"; id -u >&2; exit 7', more);
    expect(end.exitCode).toBe(7);
    expect(end.text.split("\n").toSorted()).toEqual(["", "10002", "b c"]);
    expect(Buffer.concat(pieces).toString()).toBe(end.text);
    expect((await run(container, "cat; echo closed")).text).toBe("closed\n");
    const long = await run(container, "seq 200000; echo last", { outputMax: 50 });
    expect(long.text).toHaveLength(50);
    expect(long.text).toMatch(/200000\nlast\n$/);
  });

  test("a command is given up with its signal", async () => {
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    const stopping = new AbortController();
    const onOutput = () => stopping.abort();
    const command = { argv: ["/bin/sh", "-c", "echo begun; sleep 1000"], outputMax: 10, onOutput };
    const running = the().runtime.exec(container.id, command, stopping.signal);
    await expect(running).rejects.toMatchObject({ fault: "cancelled" });
  });

  test("in one that does not run, no command runs", async () => {
    await using container = await made(the(), containerSpec(the(), imageOf()));
    const running = the().runtime.exec(container.id, { argv: ["true"], outputMax: 1 }, never);
    await expect(running).rejects.toMatchObject({ fault: "conflict", code: "not_running" });
  });
}

function describeLogs(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  const text = async (id: string, options: LogOptions) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of the().runtime.logs(id, options, never)) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };

  test("both streams are in the log, to the end or as far as they are", async () => {
    const entrypoint = [
      "/bin/sh",
      "-c",
      "for i in 1 2 3; do echo out $i; echo err $i >&2; done; sleep 0.2; echo end",
    ];
    await using container = await launched(the(), containerSpec(the(), imageOf(), { entrypoint }));
    const whole = await text(container.id, { follow: true });
    const lines = ["end", "err 1", "err 2", "err 3", "out 1", "out 2", "out 3"];
    expect(whole.trim().split("\n").toSorted()).toEqual(lines);
    await ended(the(), container);
    expect(await text(container.id, { follow: false, tail: 1 })).toBe("end\n");
    expect((await text(container.id, { follow: false })).length).toBe(whole.length);
  });

  test("who follows a log leaves with the signal", async () => {
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    const stopping = new AbortController();
    const following = (async () => {
      for await (const _ of the().runtime.logs(container.id, { follow: true }, stopping.signal))
        stopping.abort();
    })();
    await expect(following).rejects.toMatchObject({ fault: "cancelled" });
  });
}

function file(path: string, data: string): ContainerFile {
  return { path, data: Buffer.from(data), mode: 0o400, uid: 10001, gid: 10001 };
}

function describeFiles(the: () => RuntimeWorld, imageOf: () => ImageIdentity): void {
  const run = commandsIn(the);

  test("files are put into one that runs, whatever is in them", async () => {
    await using container = await launched(the(), containerSpec(the(), imageOf()));
    const large = "\u0000'\"$x\n".repeat(40_000);
    await the().runtime.putFiles(
      container.id,
      [file("/tmp/a/b/secret", "s3"), file("/tmp/a/large", large)],
      never,
    );
    const small = await run(container, "stat -c '%a %u:%g' /tmp/a/b/secret; cat /tmp/a/b/secret");
    expect(small.text).toBe("400 10001:10001\ns3");
    const back = await run(container, "cat /tmp/a/large", { outputMax: 1_000_000 });
    expect(back.text).toBe(large);
    await the().runtime.putFiles(container.id, [file("/tmp/a/b/secret", "s4")], never);
    expect((await run(container, "cat /tmp/a/b/secret; ls /tmp/a/b")).text).toBe("s4secret\n");
    const refused = the().runtime.putFiles(container.id, [file("/etc/secret", "s3")], never);
    await expect(refused).rejects.toMatchObject({
      fault: "invalid",
      message: expect.stringMatching(/\/etc\/secret/),
    });
  });

  test("files are put into one before its start", async () => {
    const spec = containerSpec(the(), imageOf(), { readOnlyRoot: false });
    await using container = await made(the(), spec);
    await the().runtime.putFiles(container.id, [file("/etc/haversack/secret", "s3")], never);
    await the().runtime.start(container.id, never);
    const said = await run(container, "stat -c '%a %u:%g' /etc/haversack/secret; cat /etc/haversack/secret");
    expect(said.text).toBe("400 10001:10001\ns3");
  });
}
