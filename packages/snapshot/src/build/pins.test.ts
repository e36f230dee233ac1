import { expect, test } from "vitest";
import type { StepPlan } from "../plan/plannable.ts";
import { sampleConfig, samplePlan, sampleSkill } from "../testing/sample.ts";
import { buildPins } from "./pins.ts";

test("the problems of all steps at once, where each step stands", () => {
  const zeros = { path: "zeros", mode: "0644", text: " ".repeat(3 * 1024 * 1024) } as const;
  const large: StepPlan = {
    ...samplePlan,
    skills: [{ ...sampleSkill, files: [...sampleSkill.files, zeros] }],
  };
  const leaky: StepPlan = {
    ...samplePlan,
    config: { ...sampleConfig, instructions: ["ghp", "a1".repeat(18)].join("_") },
  };
  const plans = new Map([
    ["good", samplePlan],
    ["large", large],
    ["leaky", leaky],
  ]);
  const { packs, problems } = buildPins(plans);
  expect([...packs.keys()]).toEqual(["good"]);
  expect(problems.map(({ file, line, field, code }) => `${file}:${line}:${field}:${code}`)).toEqual([
    "nightly-release.yaml:3:steps[0].agent:snapshot_too_large",
    "nightly-release.yaml:3:steps[0].agent:key_like_string",
  ]);
});
