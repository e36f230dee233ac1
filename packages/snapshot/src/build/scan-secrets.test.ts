import { describe, expect, test } from "vitest";
import { SnapshotError } from "../errors.ts";
import type { StepPlan } from "../plan/plannable.ts";
import { sampleConfig, sampleModels, samplePlan, sampleSkill, sampleSoul } from "../testing/sample.ts";
import { addMemory, buildPin } from "./builder.ts";
import { scanText } from "./scan-secrets.ts";

// Put together at run time, so that no scanner takes this file for a leak.
const split = (...pieces: string[]) => pieces.join("");
const body = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3gH5";
const keyLike = {
  anthropic: `sk-ant-api03-${body}`,
  openai: `sk-proj-${body}`,
  google: `AIza${body.slice(0, 35)}`,
  aws: split("AKIA", "ABCDEFGH12345678"),
  github: `ghp_${body}`,
  gitlab: `glpat-${body}`,
  slack: `xoxb-${body}`,
  stripe: `sk_live_${body}`,
  huggingFace: `hf_${body}`,
  privateKey: split("-----BEGIN RSA ", "PRIVATE KEY-----"),
  jwt: `eyJ${body}.eyJ${body}.${body}`,
  url: split("postgres://app:", "hunter2hunter2", "@db/x"),
  assignment: `API_KEY="${body}"`,
};

describe("strings that look like keys", () => {
  test.each(Object.entries(keyLike))("%s", (_, text) => {
    const [hit] = scanText(`first line\n  ${text}\n`);
    expect(hit?.line).toBe(2);
    expect(hit?.column).toBeGreaterThan(2);
  });

  test.each([
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "key: release-notes-of-the-nightly-build",
    "https://user:password@example.com/ and https://user:${PASSWORD}@example.com",
    "token = process.env.GITHUB_TOKEN",
    "ask-anything-about-the-repository",
    "maxTokens: 400000",
    "apiKey: { secret: anthropic-api-key }",
  ])("not %s", (text) => expect(scanText(text)).toEqual([]));

  test("are excused by the digest of the match", () => {
    const [hit] = scanText(keyLike.github);
    expect(scanText(keyLike.github, new Set([hit?.digest ?? ""]))).toEqual([]);
  });

  test("a scan is linear: a megabyte of what almost matches is quick", () => {
    const from = performance.now();
    for (const piece of ["eyJ", "sk-", "key=", "a://b:", "-----BEGIN ", "ghp_", "secret secret "]) {
      scanText(piece.repeat(Math.ceil(1_000_000 / piece.length)));
    }
    expect(performance.now() - from).toBeLessThan(10_000);
  });
});

describe("the builder refuses them, with the place and never the text", () => {
  const secret = keyLike.anthropic;
  const [model] = sampleModels;
  const file = { path: "scripts/x.sh", mode: "0755" as const };
  const plans: [string, Partial<StepPlan>, RegExp][] = [
    ["instructions", { config: { ...sampleConfig, instructions: `x\n${secret}` } }, /config\.instructions:2/],
    [
      "a rule",
      { config: { ...sampleConfig, permissions: { ...sampleConfig.permissions, ask: [`bash(${secret})`] } } },
      /config\.permissions\.ask\[0\]/,
    ],
    ["a key of an object", { config: { ...sampleConfig, effects: { [secret]: "read" } } }, /config\.effects/],
    [
      "provider options",
      {
        models: model
          ? [{ ...model, providerOptions: { a: [{ b: secret }] } }, ...sampleModels.slice(1)]
          : [],
      },
      /providerOptions\.a\[0\]\.b/,
    ],
    ["a soul", { souls: [{ ...sampleSoul, text: secret }] }, /souls\[0\]\.text/],
    [
      "a script",
      {
        skills: [
          {
            ...sampleSkill,
            files: [...sampleSkill.files.slice(0, 2), { ...file, text: `#!/bin/sh\n\n${secret}` }],
          },
        ],
      },
      /skills\/release-notes\/scripts\/x\.sh:3/,
    ],
    [
      "a binary file",
      {
        skills: [
          {
            ...sampleSkill,
            files: [
              ...sampleSkill.files.slice(0, 2),
              { ...file, base64: Buffer.from(`\u00ff${secret}`, "latin1").toString("base64") },
            ],
          },
        ],
      },
      /x\.sh/,
    ],
  ];

  test.each(plans)("%s", (_, change, place) => {
    const call = () => buildPin({ ...samplePlan, ...change });
    expect(call).toThrowError(place);
    try {
      call();
    } catch (error) {
      expect(error).toBeInstanceOf(SnapshotError);
      expect(error).toMatchObject({ code: "key_like_string" });
      expect(String(error)).not.toContain(body.slice(0, 12));
    }
  });

  test("memory, too", () => {
    const pin = buildPin(samplePlan);
    expect(() => addMemory(pin.gzip, { dag: { text: secret, topics: [] } })).toThrowError(/memory\.dags/);
  });
});
