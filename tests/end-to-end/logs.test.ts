/** Logs: complete through everything that breaks, at a bounded cost (G1), or cut where they say so (P5). */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { platform } from "node:process";
import { expect, test } from "vitest";
import { Fleet, noSignal } from "../support/fleet.ts";
import { tcpProxy } from "../support/tcp-proxy.ts";

const mib = 1024 ** 2;
const bytes = 200 * mib;
/** What the coordinator needs anyway for a flood, some 200 MiB and at times 240, and less than that and the log together. */
const growthMax = 320 * mib;
const flood = `
name: flood
steps:
  - id: a
    run: |
      head -c ${bytes} /dev/urandom > big
      echo "sha=$(sha256sum < big | cut -d' ' -f1)" >> "$HAVERSACK_OUTPUT"
      cat big
    outputs: [sha]
`;

/** The most memory that a process ever had. */
function peakOf(pid: number): number {
  const [, own = "0"] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return Number(own) * 1024;
}

test.skipIf(platform !== "linux")(
  "200 MB of one step arrive whole through cut connections and a coordinator that is killed, which buffers little of them",
  async () => {
    await using fleet = await Fleet.start();
    await using proxy = await tcpProxy(
      fleet.url,
      [1, 2, 3, 4, 5, 6].map((n) => n * 4 * mib),
    );
    const roomy = { HAVERSACK_LOG_BURST: "256MiB", HAVERSACK_TOKEN: await fleet.token("worker") };
    await fleet.startWorker("w", ["--url", proxy.url], roomy);
    const before = peakOf(fleet.coordinator?.pid ?? 0);
    const { id } = await fleet.submit(flood);
    await fleet.step(id, "a", "running");
    const { promise, resolve } = Promise.withResolvers<void>();
    const client = await fleet.client();
    void (async () => {
      let seen = 0;
      for await (const { data } of client.logs({ runId: id, stepId: "a", follow: true }, noSignal)) {
        seen += data.length;
        if (seen > bytes / 3) break;
      }
      resolve();
    })();
    await promise;
    const grown = [peakOf(fleet.coordinator?.pid ?? 0) - before];
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    const { run } = await fleet.finished(id);
    grown.push(peakOf(fleet.coordinator?.pid ?? 0) - before);
    expect(run.status).toBe("succeeded");
    expect(proxy.cuts).toBeGreaterThan(3);
    const hash = createHash("sha256");
    let length = 0;
    for await (const piece of (await fleet.client()).logs(
      { runId: id, stepId: "a", follow: false },
      noSignal,
    )) {
      if (piece.stream !== "stdout") continue;
      expect(piece.offset).toBe(length);
      length += piece.data.length;
      hash.update(piece.data);
    }
    expect(length).toBe(bytes);
    expect(hash.digest("hex")).toBe(run.steps[0]?.outputs["sha"]);
    for (const growth of grown) expect(growth).toBeLessThan(growthMax);
  },
);

test("a step that floods its log goes on, and the log says how much of it is missing (PR-7)", async () => {
  await using fleet = await Fleet.start();
  await fleet.startWorker("w", [], { HAVERSACK_LOG_RATE: "1000", HAVERSACK_LOG_BURST: "64KiB" });
  const script = "head -c 1048576 /dev/zero | tr '\\\\0' x; echo done >&2";
  const { id } = await fleet.submit(`name: flood\nsteps: [{ id: a, run: "${script}" }]\n`);
  const { run } = await fleet.finished(id);
  expect(run.status).toBe("succeeded");
  const log = await fleet.log(id, "a");
  const [, cut = "0"] =
    /\n\[haversack: (\d+) bytes of this log were cut here: more than 1000 bytes a second/.exec(log) ?? [];
  const kept = log.replaceAll(/\n\[haversack: .*\]\n/g, "").replace("done\n", "");
  expect(kept.length + Number(cut)).toBeGreaterThanOrEqual(1_048_576 - "done\n".length);
  expect(Number(cut)).toBeGreaterThan(900_000);
});
