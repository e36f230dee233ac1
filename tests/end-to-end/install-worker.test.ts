/** Workers that deploy, started by the lines and the environment of the units that the installer rendered (I12). */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerEngine } from "@haversack/protocol";
import { expect, test } from "vitest";
import { emptyHost, type Scope } from "../support/empty-host.ts";
import { Fleet, noSignal } from "../support/fleet.ts";
import { startService } from "../support/installed.ts";

interface Started {
  readonly scope: Scope;
  readonly told: readonly string[];
  /** What an administrator wrote below it. */
  readonly line?: string;
  readonly engine: Pick<ContainerEngine, "kind" | "prefetch" | "prefetchSource">;
}

const started: readonly Started[] = [
  {
    scope: "system",
    told: ["--deploy", "lxd", "--socket-group", "lxd"],
    engine: { kind: "lxd", prefetch: "lazy", prefetchSource: "default" },
  },
  {
    scope: "system",
    told: ["--deploy", "docker", "--socket-group", "none", "--prefetch-base-image", "FALSE"],
    engine: { kind: "docker", prefetch: "off", prefetchSource: "environment" },
  },
  {
    scope: "user",
    told: ["--deploy", "podman", "--prefetch-base-image", "1"],
    engine: { kind: "podman", prefetch: "eager", prefetchSource: "environment" },
  },
  {
    scope: "user",
    told: ["--deploy", "docker=/run/user/1000/docker.sock"],
    line: 'HAVERSACK_PREFETCH_BASE_IMAGE=" Yes "',
    engine: { kind: "docker", prefetch: "eager", prefetchSource: "environment" },
  },
];

test("workers that are started by the lines of their units say which policy they have, and from where", async () => {
  await using fleet = await Fleet.start();
  const client = await fleet.client();
  const worker = async ({ scope, told, line = "" }: Started) => {
    const host = await emptyHost(scope);
    expect(await host.install("--url", fleet.url, ...told)).toMatchObject({ code: 0, stderr: "" });
    await writeFile(host.token, await fleet.token("worker"));
    const text = (await readFile(host.settings, "utf8")).replace("127.0.0.1:7421", "127.0.0.1:0");
    await writeFile(host.settings, `${text}${line}\n`);
    return { host, service: await startService(host.root, host.unit) };
  };
  const workers = await Promise.all(started.map(worker));
  await using stack = new AsyncDisposableStack();
  for (const { host, service } of workers) {
    stack.use(host);
    stack.use(service);
  }
  await Promise.all(workers.map(({ service }) => service.line("worker started")));
  for (const [index, { host }] of workers.entries()) {
    const id = (await readFile(join(host.data, "worker-id"), "utf8")).trim();
    const engine = async () =>
      [...(await client.images("", noSignal)).engines].find(([each]) => each === id)?.[1];
    await expect.poll(engine, { timeout: 20_000 }).toMatchObject(started[index]?.engine ?? {});
  }
  const ends = await Promise.all(workers.map(({ service }) => service.stop()));
  expect(ends).toEqual(workers.map(() => [0, null]));
});

test("a word in the settings that means nothing stops the worker with the words that do", async () => {
  await using host = await emptyHost("system");
  expect((await host.install("--deploy", "docker", "--socket-group", "none")).code).toBe(0);
  await writeFile(host.token, "hv1_placeholder_placeholder_placeholder\n");
  await writeFile(
    host.settings,
    `${await readFile(host.settings, "utf8")}HAVERSACK_PREFETCH_BASE_IMAGE=sometimes\n`,
  );
  await using service = await startService(host.root, host.unit);
  expect(await service.line("HAVERSACK_PREFETCH_BASE_IMAGE")).toContain(
    "expected off (or 0, false, no), lazy, or eager (or 1, true, yes)",
  );
  expect(await service.ended).toEqual([2, null]);
});
