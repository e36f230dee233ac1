import type { PoolInfo } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { parseDag } from "../dag/parse-dag.ts";
import type { Store } from "../store/store.ts";
import { dag, open } from "../testing/dag-text.ts";
import { checkHere, settleKeys } from "./check-limits.ts";
import { Library } from "./library.ts";
import { templateData } from "./step-submission.ts";

const library = new Library("/nowhere", undefined);
const withPools = (...pools: PoolInfo[]) => ({ read: { poolsList: async () => pools } }) as unknown as Store;
const licences: PoolInfo = { name: "licences", limit: 2, inUse: 0 };

function keysOf(text: string, params = {}) {
  const parsed = parseDag(text, "f.yaml");
  return settleKeys(parsed, templateData("r" as never, parsed.spec, params));
}

describe("pools", () => {
  const check = (concurrency: string, ...pools: PoolInfo[]) =>
    checkHere(
      parseDag(dag(`- { id: a, run: x, concurrency: ${concurrency} }`), "f.yaml"),
      withPools(...pools),
      library,
    );

  test("that are there, and large enough, are taken", async () => {
    await check("{ pool: licences, units: 2 }", licences);
    // A pool that is shut may be opened again.
    await check("{ pool: licences, units: 2 }", { ...licences, limit: 0 });
  });

  test("that are not there, or too small, are told with their place", async () => {
    await expect(check("{ pool: licence }", licences)).rejects.toThrow(
      /^f\.yaml:3:\d+: steps\[0\]\.concurrency: there is no pool "licence"; did you mean "licences"\?$/,
    );
    await expect(check("[k, { pool: gpu }]")).rejects.toThrow(
      'steps[0].concurrency[1]: there is no pool "gpu"; make it: haversack pool set gpu --limit N',
    );
    await expect(check("{ pool: licences, units: 3 }", licences)).rejects.toThrow("which has 2");
  });
});

describe("keys", () => {
  const text = `params: { t: { type: string, default: "" } }\nconcurrency: "${open} params.t }}"\n`;

  test("are filled in with the parameters", () => {
    const { concurrency } = keysOf(`${text}${dag("- { id: a, run: x }")}`, { t: "prod" });
    expect(concurrency).toEqual({ key: "prod", limit: 1, onConflict: "queue" });
    expect(keysOf(dag("- { id: a, run: x }"))).toEqual({});
  });

  test("that are empty or too long are told with their place", () => {
    expect(() => keysOf(`${text}${dag("- { id: a, run: x }")}`, { t: "" })).toThrow(
      /^f\.yaml:2:1: concurrency: the key is empty with these parameters$/,
    );
    const step = `params: { t: { type: string } }\n${dag(`- { id: a, run: x, concurrency: "${open} params.t }}" }`)}`;
    expect(() => keysOf(step, { t: "x".repeat(201) })).toThrow(
      "steps[0].concurrency: the key has 201 characters",
    );
  });
});
