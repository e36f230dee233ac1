/**
 * A password of a registry, from the vault to the registry and nowhere else: a real coordinator, the images of a worker on
 * an engine in memory, a registry that asks for it.
 */

import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Log, systemClock, systemRandom } from "@haversack/base";
import { parseWorkerId, type Upward } from "@haversack/protocol";
import { expect, test } from "vitest";
import { openImages } from "../../packages/worker/src/images/open-images.ts";
import { Connection } from "../../packages/worker/src/session/dial.ts";
import { fakeRuntime } from "../../packages/worker/src/testing/fake-runtime.ts";
import { plainSettings } from "../../packages/worker/src/testing/images-world.ts";
import { joinedAccess } from "../../packages/worker/src/testing/open-access.ts";
import { filesWith, holds, tablesWith, writtenForms } from "../support/canaries.ts";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";
import { testRegistry } from "../support/registry.ts";
import { ballastLayer } from "../support/test-images.ts";

const canary = randomBytes(24).toString("base64url");
const forms = writtenForms(canary);

test("a worker fetches with a secret that it may have, of the moment, and no other; it stands nowhere afterwards", async () => {
  await using fleet = await Fleet.start({ env: { HAVERSACK_REGISTRY_SECRETS: "pull" } });
  await using registry = await testRegistry({
    auth: { kind: "token", username: "w", password: canary },
  });
  const images = Array.from({ length: 3 }, () => registry.image([ballastLayer(2000)], { arch: "amd64" }));
  const [one = "", two = "", three = ""] = images.map(({ digest }) => `${registry.host}/team/app@${digest}`);
  const client = await fleet.client();
  const set = (name: string, value: string) => client.setSecret(name, Buffer.from(value), noSignal);
  const told: string[] = [];
  const worker = await workerOf(fleet, registry.host, told);
  const failure = (ref: string) =>
    worker.images.fetchReference(ref, "run/step.1", noSignal).catch((error: unknown) => error);

  // There is none yet.
  expect(await failure(one)).toMatchObject({
    code: "auth",
    message: expect.stringContaining("haversack secret set pull"),
  });
  await set("pull", "an old password");
  expect(await failure(two)).toMatchObject({ code: "auth", message: expect.stringContaining("401") });
  // A worker asks again: it is the new one.
  await set("pull", canary);
  (await worker.images.fetchReference(three, "run/step.2", noSignal)).end();
  expect(worker.credentials()).toMatchObject([{ username: "w", password: canary }]);

  // What nobody said that workers may have.
  await set("model-key", canary);
  await expect(worker.connection.getRegistrySecret("model-key", noSignal)).rejects.toMatchObject({
    code: "permission_denied",
    message: expect.stringContaining("--registry-secret"),
  });
  await worker.stop();
  const audit = await haversack(["audit", "list", "--data", fleet.data]);
  expect(audit.stdout).toMatch(/GetRegistrySecret +.*pull/);
  const stderr = fleet.coordinator?.stderr ?? "";
  expect(stderr).toContain("secret for fetching images handed out");
  for (const text of [stderr, audit.stdout, told.join("\n")])
    expect(holds(Buffer.from(text), forms)).toBe(false);
  // The control: what is no secret is found in each of these places.
  const known = [three.slice(-64)];
  expect([holds(Buffer.from(told.join("\n")), known), filesWith(fleet.folder, known)]).toEqual([
    true,
    expect.arrayContaining([expect.stringMatching(/^w\/images/)]),
  ]);
  expect(filesWith(fleet.folder, forms)).toEqual([]);
  const databases = (await readdir(fleet.data)).filter((name) => name.endsWith(".db"));
  expect(databases.length).toBeGreaterThan(0);
  expect(databases.flatMap((name) => tablesWith(join(fleet.data, name), forms))).toEqual([]);
});

/** The images of a worker that has joined; what it says and logs is kept. */
async function workerOf(fleet: Fleet, host: string, told: string[]) {
  const token = (await readFile(join(fleet.data, "worker.token"), "utf8")).trim();
  const id = parseWorkerId("w");
  const connection = new Connection([new URL(fleet.url)], await joinedAccess(fleet.url, id, token));
  const note = (...all: unknown[]): void => void told.push(JSON.stringify(all));
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const runtime = fakeRuntime();
  const pulls: unknown[] = [];
  const pull = runtime.pullImage.bind(runtime);
  const watched = Object.assign(runtime, {
    pullImage: async (...args: Parameters<typeof pull>) => {
      pulls.push(args[0].credentials);
      await pull(...args);
    },
  });
  const dataDir = join(fleet.folder, "w");
  await mkdir(dataDir);
  const opened = openImages({
    ports: { clock: systemClock, random: systemRandom, log },
    runtime: watched,
    kind: "docker",
    settings: {
      ...plainSettings("lazy"),
      credentials: new Map([[host, { username: "w", password: { secret: "pull" } }]]),
    },
    dataDir,
    hostEnv: new Map(),
    vault: connection,
    uplink: {
      onUp: () => () => {},
      send(message: Upward) {
        note(message);
        if (message.kind === "imagePermit") opened.take({ kind: "imagePermit", digest: message.digest });
      },
    },
    limits: { reserveBytes: 0 },
  });
  await opened.start();
  return {
    images: opened.images,
    connection,
    credentials: () => pulls,
    stop: async () => {
      await opened.stop();
      connection.close();
    },
  };
}
