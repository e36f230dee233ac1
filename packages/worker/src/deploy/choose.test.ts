/** Which path, and why, by everything that may be known. */

import { expect, test } from "vitest";
import { wantedImage } from "../testing/scripted-images.ts";
import { type ChoiceView, choosePath } from "./choose.ts";

const lease = { digest: wantedImage.digest, imageId: "i", end: () => {} };
const base = { stamp: "2026.11.1", recipe: wantedImage.digest, arches: new Map() };
const view: ChoiceView = {
  base,
  wanted: wantedImage,
  answer: { kind: "build", why: "the image is absent" },
  hasRecipe: true,
  arch: "x64",
};

test.each<[string, Partial<ChoiceView>, object]>([
  [
    "an image that is here",
    { answer: { kind: "image", lease } },
    { path: "image", lease, reason: "the base image 2026.11.1 is here" },
  ],
  ["one that is not", {}, { path: "build", reason: "the image is absent" }],
  [
    "one that was waited for",
    { waitedMs: 30_000 },
    { path: "build", reason: "the image is absent, also after 30 s of waiting" },
  ],
  [
    "none for this architecture",
    { wanted: undefined, answer: undefined, arch: "riscv64" },
    { path: "build", reason: "there is no base image 2026.11.1 for riscv64 and this engine" },
  ],
  [
    "none at all",
    { base: undefined, wanted: undefined, answer: undefined },
    { path: "build", reason: "no base image is known" },
  ],
])("%s", (_what, more, expected) => {
  expect(choosePath({ ...view, ...more })).toEqual(expected);
});

test("without a recipe there is nothing to build from, and it says what to do", () => {
  const choice = choosePath({ ...view, hasRecipe: false });
  expect(choice).toMatchObject({ path: "none", why: expect.stringContaining("sent no recipe") });
});
