/**
 * A password of a registry, from the vault to the registry and nowhere else: a real coordinator, the images of a worker on
 * an engine in memory, a registry that asks for it.
 */

import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesWith, holds, tablesWith, writtenForms } from "../support/canaries.ts";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";
import { testRegistry } from "../support/registry.ts";
import { ballastLayer } from "../support/test-images.ts";
import { vaultWorker } from "../support/vault-worker.ts";

const canary = randomBytes(24).toString("base64url");
const forms = writtenForms(canary);

test("a worker fetches with a secret that it may have, of the moment, and no other; it stands nowhere afterwards", async () => {
  await using fleet = await Fleet.start({ env: { HAVERSACK_REGISTRY_SECRETS: "pull" } });
  await using registry = await testRegistry({
    auth: { kind: "token", username: "w", password: canary },
  });
  const images = Array.from({ length: 2 }, () => registry.image([ballastLayer(2000)], { arch: "amd64" }));
  const [one = "", two = ""] = images.map(({ digest }) => `${registry.host}/team/app@${digest}`);
  const client = await fleet.client();
  const set = (name: string, value: string) => client.setSecret(name, Buffer.from(value), noSignal);
  const told: string[] = [];
  const worker = await vaultWorker(fleet, registry.host, told);
  const failure = (ref: string) =>
    worker.images.fetchReference(ref, "run/step.1", noSignal).catch((error: unknown) => error);

  // There is none yet.
  expect(await failure(one)).toMatchObject({
    code: "auth",
    message: expect.stringContaining("haversack secret set pull"),
  });
  // The next deploy asks again: nobody has to wait for what was set meanwhile.
  await set("pull", "an old password");
  expect(await failure(one)).toMatchObject({ code: "auth", message: expect.stringContaining("401") });
  await set("pull", canary);
  (await worker.images.fetchReference(two, "run/step.2", noSignal)).end();
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
  const known = [two.slice(-64)];
  expect([holds(Buffer.from(told.join("\n")), known), filesWith(fleet.folder, known)]).toEqual([
    true,
    expect.arrayContaining([expect.stringMatching(/^w\/images/)]),
  ]);
  expect(filesWith(fleet.folder, forms)).toEqual([]);
  const databases = (await readdir(fleet.data)).filter((name) => name.endsWith(".db"));
  expect(databases.length).toBeGreaterThan(0);
  expect(databases.flatMap((name) => tablesWith(join(fleet.data, name), forms))).toEqual([]);
});
