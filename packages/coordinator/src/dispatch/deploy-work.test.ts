import { parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { DeployContent } from "../runs/deployment-row.ts";
import { contentOf, specOf } from "../testing/deployment-samples.ts";
import { deployWork, specDigest } from "./deploy-work.ts";

const digest = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);
const recipe = (letter: string) => ({
  digest: digest(letter),
  script: new Uint8Array(),
  fallbackImage: "debian",
});
const base = (stamp: string, letter: string) => ({ stamp, recipe: digest(letter), arches: new Map() });
const none = new Map<string, number>();
const secrets = [{ variable: "T", from: { secret: "t" } }];

describe("what decides what runs", () => {
  const plain = contentOf("web", { env: { A: "1" }, ports: [80] });
  const spec = (content: DeployContent, image = {}, versions: ReadonlyMap<string, number> = none) =>
    specDigest(content, image, versions);
  const deploy = (more: Partial<DeployContent["deploy"]>) => ({
    ...plain,
    deploy: { ...plain.deploy, ...more },
  });

  test("is the same for what does not decide it", () => {
    const same = [
      deploy({ name: "other" }),
      deploy({ ttlMs: 5, waitForImageMs: 5, replace: "start-first", rollback: "never" }),
      { ...plain, worker: { zone: "a" }, timeoutMs: 5 },
    ];
    expect(same.map((content) => spec(content))).toEqual(same.map(() => spec(plain)));
    expect(spec(plain, { base: base("1", "a"), recipe: recipe("a") })).toBe(
      spec(plain, { base: base("1", "a") }),
    );
  });

  test("changes with each of the rest", () => {
    const image = `ghcr.io/o/n@${digest("a")}`;
    const all = [
      spec(plain),
      spec(plain, { recipe: recipe("a") }),
      spec(plain, { base: base("1", "a") }),
      spec(plain, { base: base("2", "a") }),
      spec({ ...plain, image }),
      spec({ ...plain, snapshotDigest: digest("a") }),
      spec({ ...plain, snapshotDigest: digest("b") }),
      spec({ ...plain, secrets }),
      spec({ ...plain, secrets }, {}, new Map([["t", 1]])),
      spec({ ...plain, secrets }, {}, new Map([["t", 2]])),
      spec(deploy({ command: ["x"] })),
      spec(deploy({ env: { A: "2" } })),
      spec(deploy({ ports: [81] })),
      spec(deploy({ volumes: [{ name: "v", path: "/v", readOnly: true }] })),
      spec(deploy({ resources: { pids: 9 } })),
      spec(deploy({ restart: "never" })),
      spec(deploy({ health: { tcp: true, port: 80, intervalMs: 1, timeoutMs: 1, withinMs: 1 } })),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("the work of a deploy", () => {
  const given = { revision: 3, replaces: 2, spec: specOf("c"), restore: false };

  test("has sizes in bytes and thousandths, and the base image only where it is asked for", () => {
    const content = contentOf("web", {
      resources: { cpu: 0.25, memory: "2Gi", pids: 7 },
      health: { command: ["ok"], intervalMs: 1, timeoutMs: 2, withinMs: 3 },
      replace: "start-first",
      rollback: "never",
      waitForImageMs: 9,
    });
    const image = { base: base("1", "a"), recipe: recipe("a") };
    const work = deployWork({ content, given, cluster: "f", image });
    expect(work).toMatchObject({
      revision: 3,
      replaces: 2,
      spec: specOf("c"),
      cluster: "f",
      resources: { cpuMillis: 250, memoryBytes: 2 * 1024 ** 3, pids: 7 },
      health: { probe: { kind: "command", argv: ["ok"] }, withinMs: 3 },
      startFirst: true,
      rollback: false,
      waitForImageMs: 9,
      ...image,
    });
    const ref = contentOf("web", { image: `ghcr.io/o/n@${digest("a")}` });
    const pulled = deployWork({ content: ref, given, cluster: "f", image });
    expect([pulled.base, pulled.recipe]).toEqual([undefined, undefined]);
  });

  test("of what is to go is the name, and whether its volumes go too", () => {
    const content = contentOf("web", { state: "absent", removeVolumes: true });
    const gone = { revision: 3, restore: false };
    const image = { base: base("1", "a") };
    expect(deployWork({ content, given: gone, cluster: "f", image })).toMatchObject({
      absent: true,
      removeVolumes: true,
    });
    expect(deployWork({ content, given: gone, cluster: "f", image })).not.toHaveProperty("base");
  });
});
