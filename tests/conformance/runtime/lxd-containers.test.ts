/** What is peculiar to the containers of LXD and Incus, on a real engine. */

import { chmod, chown, mkdir, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ContainerView } from "../../../packages/worker/src/runtime/container.ts";
import { networksForm } from "../../../packages/worker/src/runtime/lxd/host-answers.ts";
import { lxdClient } from "../../../packages/worker/src/runtime/lxd/lxd-client.ts";
import type { Runtime } from "../../../packages/worker/src/runtime/runtime.ts";
import { engineAddress, withEngine } from "../../support/container-engines.ts";
import { type LxdWorld, never, openLxdWorld } from "../../support/lxd.ts";

const shell = (script: string) => ({ entrypoint: ["/bin/sh", "-c", script] });
const forever = 'trap "exit 0" TERM; while :; do sleep 0.1; done';

withEngine("lxd", "containers of LXD", () => {
  test("a container is what was asked for, as the engine shows it and as it finds itself", async () => {
    await using world = await openLxdWorld();
    const spec = await world.spec(shell(forever));
    const { id } = await world.runtime.create(spec, never);
    const created = await world.runtime.inspect(id, never);
    expect(created).toMatchObject({
      state: "created",
      image: spec.image,
      readOnlyRoot: true,
      privileged: false,
      capabilities: [],
      user: "10001:10001",
      hostNamespaces: [],
      devices: [],
      mounts: [],
      limits: spec.limits,
    });
    await world.runtime.start(id, never);
    expect((await world.runtime.inspect(id, never))?.state).toBe("running");
    const { text } = await run(
      world.runtime,
      id,
      "grep -E 'Cap(Bnd|Eff)|NoNew|Uid' /proc/1/status; touch /x; touch /tmp/x && echo written; id -u; ip link",
    );
    expect(text).toContain("CapEff:\t0000000000000000");
    expect(text).toContain("CapBnd:\t0000000000000000");
    expect(text).toContain("NoNewPrivs:\t1");
    expect(text).toContain("Uid:\t10001\t10001");
    expect(text).toContain("Read-only file system");
    expect(text).toContain("written");
    expect(text).toMatch(/lo: <LOOPBACK,UP/);
    await world.runtime.stop(id, 5_000, never);
    expect((await world.runtime.inspect(id, never))?.state).toBe("exited");
  });

  test("words, variables and lines arrive as they were given", async () => {
    await using world = await openLxdWorld();
    const odd = `it's "odd" $HOME \\n %s ünï\n second line`;
    const script = 'printf "<%s>" "$@" "$PLAIN" "$ODD"; echo';
    const spec = await world.spec({
      entrypoint: ["/bin/sh", "-c", script, "name"],
      command: [odd, "", "a b"],
      env: new Map([
        ["PLAIN", "x=1 2"],
        ["ODD", odd],
      ]),
    });
    const { id } = await world.runtime.create(spec, never);
    await world.runtime.start(id, never);
    const text = await logOf(world.runtime, id, { follow: true });
    expect(text).toBe(`<${odd}><><a b><x=1 2><${odd}>\n`);
  });

  test("without an entry point the image's own is given the command", async () => {
    await using world = await openLxdWorld();
    const spec = await world.spec({ command: ["one", "two words"] });
    const { id } = await world.runtime.create(spec, never);
    await world.runtime.start(id, never);
    await until(world, id, async () => (await logOf(world.runtime, id)).includes("agent up"));
    await world.runtime.stop(id, 10_000, never);
    expect(await logOf(world.runtime, id)).toBe("agent up one two words\nbye\n");
    expect(await logOf(world.runtime, id, { tail: 1 })).toBe("bye\n");
  });

  test("a command's output, code and end are heard; one that is cancelled is killed", async () => {
    await using world = await openLxdWorld();
    const { id } = await world.runtime.create(await world.spec(shell(forever)), never);
    await world.runtime.start(id, never);
    expect(await run(world.runtime, id, "echo out; echo err >&2; exit 7")).toMatchObject({ exitCode: 7 });
    const missing = world.runtime.exec(id, { argv: ["/bin/nope"], outputMax: 100 }, never);
    expect(await missing).toMatchObject({ exitCode: 127 });
    const many = await world.runtime.exec(id, { argv: ["/bin/seq", "100000"], outputMax: 12 }, never);
    expect(many.output.toString()).toBe("99999\n100000\n".slice(-12));
    const giveUp = new AbortController();
    const heard = Promise.withResolvers<void>();
    const long = world.runtime.exec(
      id,
      { argv: ["/bin/sleep", "1000"], outputMax: 100, onOutput: () => heard.resolve() },
      giveUp.signal,
    );
    long.catch(() => {});
    await until(world, id, async () => (await run(world.runtime, id, "ps")).text.includes("sleep 1000"));
    giveUp.abort();
    await expect(long).rejects.toMatchObject({ fault: "cancelled" });
    await until(world, id, async () => !(await run(world.runtime, id, "ps")).text.includes("sleep 1000"));
  });

  test("files go in with owner and mode, parents and all", async () => {
    await using world = await openLxdWorld();
    const spec = await world.spec({ ...shell(forever), tmpfs: new Map([["/run/haversack", 1 << 20]]) });
    const { id } = await world.runtime.create(spec, never);
    const file = { data: Buffer.from("s3cret"), mode: 0o400, uid: 10001, gid: 10001 };
    await world.runtime.putFiles(id, [{ ...file, path: "/opt/a/b" }], never);
    await world.runtime.start(id, never);
    await world.runtime.putFiles(id, [{ ...file, path: "/run/haversack/secrets/KEY" }], never);
    const { text } = await run(
      world.runtime,
      id,
      "stat -c '%a %u %g' /opt/a/b /run/haversack/secrets/KEY; cat /run/haversack/secrets/KEY",
    );
    expect(text).toBe("400 10001 10001\n400 10001 10001\ns3cret");
    const onReadOnly = world.runtime.putFiles(id, [{ ...file, path: "/etc/x" }], never);
    await expect(onReadOnly).rejects.toMatchObject({ fault: expect.stringMatching(/invalid|unavailable/) });
  });

  test("folders and files of the host are mounted, below a memory file system too, from within closed folders", async () => {
    await using world = await openLxdWorld();
    const source = join(world.folder, "pack");
    await chmod(world.folder, 0o700);
    await mkdir(source, { mode: 0o700 });
    await writeFile(join(source, "f"), "of the host", { mode: 0o400 });
    const volume = join(world.folder, "of its own");
    await mkdir(volume, { mode: 0o700 });
    const spec = await world.spec({
      ...shell(forever),
      tmpfs: new Map([["/run", 1 << 20]]),
      mounts: [
        { source, target: "/run/haversack/pack", readOnly: true },
        { source: join(source, "f"), target: "/srv/deep/file", readOnly: true },
        { source: volume, target: "/srv/my volume", readOnly: false },
      ],
    });
    const { id } = await world.runtime.create(spec, never);
    const owner = 10001 + ((await world.runtime.inspect(id, never))?.idShift ?? 0);
    expect(owner).toBeGreaterThan(10001);
    for (const path of [source, join(source, "f"), volume]) await chown(path, owner, owner);
    await world.runtime.start(id, never);
    const { text } = await run(
      world.runtime,
      id,
      "cat /run/haversack/pack/f /srv/deep/file; stat -c %a:%u:%g /srv/deep/file; ls /dev/.haversack 2>&1; (echo x > /run/haversack/pack/f) 2>&1",
    );
    expect(text).toContain("of the hostof the host");
    expect(text).toContain("400:10001:10001");
    expect(text).toMatch(/haversack'?: Permission denied/);
    expect(text).toContain("Read-only file system");
    expect((await run(world.runtime, id, "cd '/srv/my volume' && echo kept > note")).exitCode).toBe(0);
    expect(await stat(join(volume, "note"))).toMatchObject({ uid: owner, gid: owner });
    const mounts = (await world.runtime.inspect(id, never))?.mounts ?? [];
    expect(mounts.toSorted((one, other) => one.target.length - other.target.length)).toEqual(
      spec.mounts.toSorted((one, other) => one.target.length - other.target.length),
    );
  });

  test("a port leads in, also without a network; one that is taken is told at the start", async () => {
    await using world = await openLxdWorld();
    const answering = shell("while :; do echo hello | nc -l -p 8080; done");
    const port = { containerPort: 8080, address: "127.0.0.1", hostPort: 0 };
    const spec = await world.spec({ ...answering, ports: [port] });
    const { id } = await world.runtime.create(spec, never);
    const view = await world.runtime.inspect(id, never);
    const hostPort = view?.ports[0]?.hostPort ?? 0;
    expect(hostPort).toBeGreaterThan(0);
    await world.runtime.start(id, never);
    await until(world, id, async () => (await answerOn(hostPort)) === "hello\n");
    await using taken = await listening();
    const second = { ...spec, name: `${spec.name}b`, ports: [{ ...port, hostPort: taken.port }] };
    const other = await world.runtime.create(second, never);
    await expect(world.runtime.start(other.id, never)).rejects.toMatchObject({ code: "port_taken" });
  });

  test("on a network it has an address that the host reaches; an engine without one says so", async () => {
    await using world = await openLxdWorld();
    const answering = shell("while :; do echo hello | nc -l -p 8080; done");
    const spec = await world.spec({ ...answering, network: "own" });
    if (!(await hasBridge())) {
      const refusal = world.runtime.create(spec, never);
      return await expect(refusal).rejects.toMatchObject({ message: expect.stringContaining("no network") });
    }
    const { id } = await world.runtime.create(spec, never);
    const other = await world.runtime.create({ ...spec, name: `${spec.name}b` }, never);
    await world.runtime.start(id, never);
    await world.runtime.start(other.id, never);
    const addressOf = async (each: string) => (await world.runtime.inspect(each, never))?.address;
    await until(world, id, async () => (await addressOf(id)) !== undefined);
    const address = (await addressOf(id)) ?? "";
    expect(await addressOf(other.id)).not.toBe(address);
    await until(world, id, async () => (await answerOn(8080, address)) === "hello\n");
    const { text } = await run(world.runtime, id, "cat /etc/resolv.conf; ip route");
    expect(text).toMatch(/^nameserver (\S+)\ndefault via \1 /);
    const listed = await world.runtime.list(world.cluster, never);
    expect(listed.map((view) => view.address)).toContain(address);
  });

  test("a name is taken once; names that are no host names are kept; what is gone is gone", async () => {
    await using world = await openLxdWorld();
    const spec = await world.spec({ ...shell(forever), name: `hv-${"long-".repeat(14)}_x` });
    const { id } = await world.runtime.create(spec, never);
    await expect(world.runtime.create(spec, never)).rejects.toMatchObject({ code: "name_taken" });
    expect(await world.runtime.inspect(spec.name, never)).toMatchObject({ id, name: spec.name });
    expect((await world.runtime.list(world.cluster, never)).map(({ name }) => name)).toEqual([spec.name]);
    expect(await world.runtime.list("another", never)).toEqual([]);
    await world.runtime.start(id, never);
    await world.runtime.remove(id, never);
    await world.runtime.remove(id, never);
    expect(await world.runtime.inspect(id, never)).toBeUndefined();
    await expect(world.runtime.start(id, never)).rejects.toMatchObject({ code: "container_missing" });
    const unknown = { ...spec, image: "0".repeat(64) };
    await expect(world.runtime.create(unknown, never)).rejects.toMatchObject({ code: "image_missing" });
  });

  test("one that does not listen to SIGTERM is killed after the grace", async () => {
    await using world = await openLxdWorld();
    const spec = await world.spec(shell("trap '' TERM; while :; do sleep 0.1; done"));
    const { id } = await world.runtime.create(spec, never);
    await world.runtime.start(id, never);
    await world.runtime.stop(id, 1_000, never);
    expect((await world.runtime.inspect(id, never))?.state).toBe("exited");
    await world.runtime.stop(id, 1_000, never);
    await world.runtime.kill(id, never);
  });

  test("a long grace can be given up; the container can be removed meanwhile", async () => {
    await using world = await openLxdWorld();
    const spec = await world.spec(shell("trap 'echo asked' TERM; while :; do sleep 0.1; done"));
    const { id } = await world.runtime.create(spec, never);
    await world.runtime.start(id, never);
    const giveUp = new AbortController();
    const stopping = world.runtime.stop(id, 600_000, giveUp.signal);
    stopping.catch(() => {});
    await until(world, id, async () => (await logOf(world.runtime, id)).includes("asked"));
    giveUp.abort();
    await expect(stopping).rejects.toMatchObject({ fault: "cancelled" });
    await world.runtime.remove(id, never);
    expect(await world.runtime.inspect(id, never)).toBeUndefined();
  });

  test("a watcher is told of each change", async () => {
    await using world = await openLxdWorld();
    const giveUp = new AbortController();
    const wanted: { look: (() => void) | undefined } = { look: undefined };
    const first = Promise.withResolvers<void>();
    wanted.look = first.resolve;
    const watching = world.runtime.watch(() => wanted.look?.(), giveUp.signal);
    await first.promise;
    const { id } = await world.runtime.create(await world.spec(shell(forever)), never);
    const second = Promise.withResolvers<void>();
    wanted.look = second.resolve;
    await world.runtime.start(id, never);
    await second.promise;
    giveUp.abort();
    await watching;
  });
});

async function run(
  runtime: Runtime,
  id: string,
  script: string,
): Promise<{ exitCode: number; text: string }> {
  const { exitCode, output } = await runtime.exec(
    id,
    { argv: ["/bin/sh", "-c", script], outputMax: 10_000 },
    never,
  );
  return { exitCode, text: Buffer.from(output).toString() };
}

async function logOf(
  runtime: Runtime,
  id: string,
  { tail, follow = false }: { tail?: number; follow?: boolean } = {},
): Promise<string> {
  const parts: Uint8Array[] = [];
  const options = { follow, ...(tail === undefined ? {} : { tail }) };
  for await (const part of runtime.logs(id, options, never)) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Asks again and again: the engine has no word for it. Ends when the container does. */
async function until(world: LxdWorld, id: string, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    const view: ContainerView | undefined = await world.runtime.inspect(id, never);
    expect(view?.state).toBe("running");
  }
}

async function answerOn(port: number, host = "127.0.0.1"): Promise<string> {
  const done = Promise.withResolvers<string>();
  const parts: Buffer[] = [];
  const socket = connect(port, host);
  socket.on("data", (data: Buffer) => parts.push(data));
  socket.on("error", () => done.resolve(""));
  socket.on("close", () => done.resolve(Buffer.concat(parts).toString()));
  return await done.promise;
}

async function hasBridge(): Promise<boolean> {
  const networks = await lxdClient(engineAddress("lxd")).get("/1.0/networks?recursion=1", {}, never);
  return networksForm.parse(networks).some(({ managed, type }) => managed && type === "bridge");
}

async function listening(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  const up = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", up.resolve);
  await up.promise;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      const down = Promise.withResolvers<void>();
      server.close(() => down.resolve());
      await down.promise;
    },
  };
}
