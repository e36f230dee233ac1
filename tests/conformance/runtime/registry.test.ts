/** What a registry says before an engine pulls from it: sizes, or the fault by its name. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type ReferenceQuestion, resolveReference } from "../../../packages/worker/src/runtime/registry.ts";
import { type RegistryOptions, type TestRegistry, testRegistry } from "../../support/registry.ts";
import { ballastLayer } from "../../support/test-images.ts";

const { signal } = new AbortController();
const alice = { username: "alice", password: "s3cret" };

function stock(registry: TestRegistry, format: "oci" | "docker" = "oci") {
  const x64 = registry.image([ballastLayer(1000), ballastLayer(2000)], { arch: "amd64", format });
  const arm64 = registry.image([ballastLayer(500)], { arch: "arm64", format });
  return { x64, arm64, index: registry.index([x64, arm64], format) };
}

async function ask(
  registry: TestRegistry,
  digest: string,
  more: Partial<ReferenceQuestion> = {},
  fetch = globalThis.fetch,
) {
  const ref = `${registry.host}/team/agent@${digest}`;
  return await resolveReference({ ref, arch: "x64", ...more }, fetch, signal);
}

test.each(["oci", "docker"] as const)(
  "the layers of the architecture that is wanted (%s)",
  async (format) => {
    await using registry = await testRegistry();
    const { x64, arm64, index } = stock(registry, format);
    const layers = (image: typeof x64) => image.layers.map(({ digest, size }) => ({ digest, size }));
    expect(await ask(registry, index.digest)).toEqual({
      manifestDigest: x64.digest,
      configDigest: x64.config.digest,
      layers: layers(x64),
    });
    expect((await ask(registry, index.digest, { arch: "arm64" })).layers).toEqual(layers(arm64));
    expect((await ask(registry, x64.digest)).layers).toEqual(layers(x64));
  },
);

test.each(["index", "single"] as const)("another architecture is refused by name (%s)", async (kind) => {
  await using registry = await testRegistry();
  const { arm64, x64 } = stock(registry);
  const digest = kind === "index" ? registry.index([arm64]).digest : arm64.digest;
  const asked = ask(registry, digest);
  await expect(asked).rejects.toMatchObject({ fault: "corrupt", code: "wrong_platform" });
  await expect(ask(registry, x64.digest, { arch: "riscv64" })).rejects.toThrow(/linux\/riscv64/);
});

test.each([
  [{ status: 404 }, "missing", "not_found"],
  [{ status: 403 }, "denied", "auth"],
  [{ status: 429, headers: { "retry-after": "7" } }, "busy", "rate_limited"],
  [{ status: 503, headers: { "retry-after": "7" } }, "busy", "rate_limited"],
  [{ status: 503 }, "unavailable", "http_5xx"],
  [{ status: 418 }, "corrupt", "protocol"],
  [{ corruptAt: 3 }, "corrupt", "checksum"],
  [{ body: Buffer.from("<html>") }, "corrupt", "checksum"],
  [{ cutAt: 20 }, "unavailable", "truncated"],
] as const)("%o is %s, %s", async (fault, kind, code) => {
  await using registry = await testRegistry({ fault: () => fault });
  const asked = ask(registry, stock(registry).index.digest);
  await expect(asked).rejects.toMatchObject({ fault: kind, code });
  if (code === "rate_limited") await expect(asked).rejects.toMatchObject({ retryAfterMs: 7000 });
});

test("one that is not there is not found, and one that nobody serves cannot be reached", async () => {
  let host = "";
  {
    await using registry = await testRegistry();
    await expect(ask(registry, `sha256:${"a".repeat(64)}`)).rejects.toMatchObject({ code: "not_found" });
    host = registry.host;
  }
  const ref = `${host}/x@sha256:${"a".repeat(64)}`;
  const asked = resolveReference({ ref, arch: "x64" }, globalThis.fetch, signal);
  await expect(asked).rejects.toMatchObject({ fault: "unavailable", code: "network" });
});

test("a name that does not resolve", async () => {
  const ref = `registry.invalid/x@sha256:${"a".repeat(64)}`;
  const asked = resolveReference({ ref, arch: "x64" }, globalThis.fetch, signal);
  await expect(asked).rejects.toMatchObject({ fault: "unavailable", code: "dns" });
});

test.each(["x", "host/name:tag", "host/name@sha256:12", "https://host/x@sha256:a"])(
  "%s is no reference",
  async (ref) => {
    const asked = resolveReference({ ref, arch: "x64" }, globalThis.fetch, signal);
    await expect(asked).rejects.toMatchObject({ fault: "invalid", code: "bad_reference" });
  },
);

test.each(["basic", "token"] as const)("credentials are used when it asks for them (%s)", async (kind) => {
  const auth: NonNullable<RegistryOptions["auth"]> = { kind, ...alice };
  await using registry = await testRegistry({ auth });
  const { index } = stock(registry);
  expect((await ask(registry, index.digest, { credentials: alice })).layers).toHaveLength(2);
  expect(registry.requests.filter(({ url }) => url.startsWith("/token"))).toHaveLength(
    kind === "token" ? 1 : 0,
  );
  for (const credentials of [undefined, { ...alice, password: "wrong" }]) {
    const asked = ask(registry, index.digest, credentials === undefined ? {} : { credentials });
    await expect(asked).rejects.toMatchObject({ fault: "denied", code: "auth" });
    await expect(asked).rejects.not.toThrow(/s3cret/);
  }
});

test("a redirect to another host is followed without credentials", async () => {
  await using store = await testRegistry();
  await using registry = await testRegistry({ auth: { kind: "basic", ...alice } });
  const { x64 } = stock(registry);
  const copy = registry.find(`/v2/x/blobs/${x64.config.digest}`)?.content;
  store.file("config", copy?.data ?? Buffer.alloc(0));
  registry.fault = ({ kind }) =>
    kind === "blobs" ? { redirect: `http://${store.host}/files/config` } : undefined;
  expect((await ask(registry, x64.digest, { credentials: alice })).layers).toHaveLength(2);
  expect(store.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
});

test("it goes in no circles, and to nothing but the web", async () => {
  await using registry = await testRegistry();
  const { index } = stock(registry);
  registry.fault = () => ({ redirect: `http://${registry.host}/v2/team/agent/manifests/${index.digest}` });
  await expect(ask(registry, index.digest)).rejects.toMatchObject({ code: "protocol" });
  registry.fault = () => ({ redirect: "file:///etc/passwd" });
  await expect(ask(registry, index.digest)).rejects.toMatchObject({ code: "protocol" });
});

test("a registry that never answers is given up with the signal", async () => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const ref = `127.0.0.1:${(server.address() as AddressInfo).port}/x@sha256:${"a".repeat(64)}`;
  const stopping = new AbortController();
  const asked = resolveReference({ ref, arch: "x64" }, globalThis.fetch, stopping.signal);
  asked.catch(() => {});
  await once(server, "request");
  stopping.abort();
  await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  server.closeAllConnections();
  server.close();
});
