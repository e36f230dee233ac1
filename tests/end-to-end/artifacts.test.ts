/** Artifacts over connections that break: whole, checked, and hardly anything of them sent twice. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Fleet, haversack } from "../support/fleet.ts";
import { tcpProxy } from "../support/tcp-proxy.ts";

const mib = 1024 ** 2;
const size = 50 * mib;
/** Around the bytes themselves, and what was under way at a cut and has to come again. */
const overheadMax = 6 * mib;
const big = `
name: big
steps:
  - id: make
    run: head -c ${size} /dev/urandom > big.bin; echo "sha=$(sha256sum < big.bin | cut -d' ' -f1)" >> "$HAVERSACK_OUTPUT"
    outputs: [sha]
    artifacts: [big.bin]
  - id: take
    depends: [make]
    inputs: [big.bin]
    run: echo "sha=$(sha256sum < big.bin | cut -d' ' -f1)" >> "$HAVERSACK_OUTPUT"
    outputs: [sha]
`;

test("50 MB go up, down and to the command line through connections that are cut in the middle", async () => {
  await using fleet = await Fleet.start();
  // Once on the way up, once on the way down, once on the way to a person.
  await using proxy = await tcpProxy(fleet.url, [25 * mib, 50 * mib, 50 * mib]);
  await fleet.startWorker("w", ["--url", proxy.url], { HAVERSACK_TOKEN: await fleet.token("worker") });
  const { run } = await fleet.finished((await fleet.submit(big)).id);
  expect(run.steps.map(({ phase }) => phase)).toEqual(["succeeded", "succeeded"]);
  const [made, taken] = run.steps.map(({ outputs }) => outputs["sha"]);
  expect(taken).toBe(made);
  expect(proxy.cuts).toBe(2);
  expect(proxy.bytes.up).toBeLessThan(size + overheadMax);
  expect(proxy.bytes.down).toBeLessThan(size + overheadMax);

  const env = { HAVERSACK_TOKEN: await fleet.token("admin") };
  const file = join(fleet.folder, "fetched.bin");
  const before = proxy.bytes.down;
  const end = await haversack(["artifact", run.id, "make", "big.bin", "-o", file, "--url", proxy.url], env);
  expect([end.code, end.stderr]).toEqual([0, expect.stringContaining("connection lost, trying again")]);
  expect(proxy.cuts).toBe(3);
  expect(proxy.bytes.down - before).toBeLessThan(size + overheadMax);
  expect(
    createHash("sha256")
      .update(await readFile(file))
      .digest("hex"),
  ).toBe(made);
});
