import { expect, test } from "vitest";
import { chooseModel } from "./choose-model.ts";

test("an option wins over every variable", () => {
  expect(chooseModel({ HAVERSACK_MODEL: "mine", OPENAI_API_KEY: "k" }, "other").id).toBe("other");
});

test.each([
  [{}, "rehearsal"],
  [{ OPENAI_API_KEY: "" }, "rehearsal"],
  [{ HAVERSACK_MODEL_URL: "http://127.0.0.1:11434/v1" }, "local"],
  [{ HAVERSACK_MODEL_URL: "u", ANTHROPIC_API_KEY: "k" }, "anthropic"],
  [{ OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k" }, "openai"],
  [{ OPENAI_API_KEY: "k", HAVERSACK_MODEL: "mine" }, "mine"],
])("%j: %s", (env, id) => {
  const choice = chooseModel(env);
  expect(choice.id).toBe(id);
  expect(choice.why).not.toContain("http");
});
