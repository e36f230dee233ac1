import { FaultError, silentLog } from "@haversack/base";
import { parseWorkerId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { settleRegistrySecrets } from "../config/registry-secrets.ts";
import type { RegistrySecretParts } from "./registry-secret.ts";
import { registrySecret } from "./registry-secret.ts";

const workerId = parseWorkerId("w");

/** @param pool of the worker; undefined: it has not joined */
function asking(said: string, pool: string | undefined = "apps", isKnown = true) {
  const opened: string[] = [];
  const logged: string[] = [];
  const parts = {
    store: { read: { workerIdentity: async () => (isKnown ? { workerId, pool } : undefined) } },
    vault: {
      open: async ([name = ""]: readonly string[]) => {
        opened.push(name);
        if (name === "gone") throw new FaultError("missing", "unknown_secret", 'there is no secret "gone"');
        return new Map([[name, `value of ${name}`]]);
      },
    },
    registrySecrets: settleRegistrySecrets({}, { HAVERSACK_REGISTRY_SECRETS: said }),
    ports: { log: { ...silentLog, info: (...all: unknown[]) => void logged.push(JSON.stringify(all)) } },
  } as unknown as RegistrySecretParts;
  return { opened, logged, ask: (name: string) => registrySecret(parts, { name, workerId }) };
}

test("a secret that workers may have is given, and that is written down without its value", async () => {
  const { ask, logged } = asking("other, pull,gone");
  expect(await ask("pull")).toBe("value of pull");
  expect(logged.join()).toMatch(/"worker":"w","secret":"pull"/);
  expect(logged.join()).not.toContain("value of");
  await expect(ask("gone")).rejects.toMatchObject({ fault: "missing" });
});

test.each([
  ["nothing was said", asking("")],
  ["another one was said", asking("other,pull-more")],
  ["workers of another pool may", asking("pull@builds")],
  ["the worker is in no pool", asking("pull@apps", "")],
  ["the worker has not joined", asking("pull", undefined, false)],
])("any other one is refused before the vault is looked into: %s", async (_why, { ask, opened }) => {
  await expect(ask("pull")).rejects.toMatchObject({ fault: "denied", code: "registry_secret_denied" });
  expect(opened).toEqual([]);
});

test("one may be for the workers of a pool", async () => {
  expect(await asking("pull@apps").ask("pull")).toBe("value of pull");
});

test.each([["No Name"], ["pull@"], ["pull@a@b"], ["../key"]])("%s is refused at start", (text) => {
  expect(() => settleRegistrySecrets({ registrySecrets: [text] }, {})).toThrow("--registry-secret");
});

test("an option wins over the variable", () => {
  const said = settleRegistrySecrets({ registrySecrets: ["a"] }, { HAVERSACK_REGISTRY_SECRETS: "b" });
  expect(said).toEqual([{ name: "a" }]);
});
