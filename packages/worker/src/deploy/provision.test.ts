import { expect, test } from "vitest";
import { lastWords } from "./provision.ts";

test("what a recipe failed of is told without the phases before", () => {
  const output = "haversack phase check\nhaversack phase node\nhaversack recipe: node: no such host\n";
  expect(lastWords(Buffer.from(output))).toBe("haversack recipe: node: no such host");
});
