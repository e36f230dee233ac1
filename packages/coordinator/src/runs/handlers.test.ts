import { handlerKinds } from "@haversack/protocol";
import { expect, test } from "vitest";
import { firstTurn, handlerTurn } from "./handlers.ts";

test.each([
  ["succeeded", "start skip skip wait"],
  ["failed", "skip start skip wait"],
  ["cancelled", "skip skip start wait"],
  ["exit", "skip skip skip start"],
] as const)("%s: of onSuccess, onFailure, onCancel and onExit", (turn, expected) => {
  expect(handlerKinds.map((kind) => handlerTurn(kind, turn)).join(" ")).toBe(expected);
});

test.each(["succeeded", "failed", "cancelled"] as const)("a cancel decides before %s does", (outcome) => {
  expect([firstTurn(outcome, false), firstTurn(outcome, true)]).toEqual([outcome, "cancelled"]);
});
