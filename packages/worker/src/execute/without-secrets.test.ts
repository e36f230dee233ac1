import { parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { makeMasker } from "../mask/masker.ts";
import type { WorkEnd } from "./executor.ts";
import { checkPaths, withoutSecrets } from "./without-secrets.ts";

const value = 'c4nary "value"';
const masker = makeMasker([value]);
const ended = (more: Partial<WorkEnd>): WorkEnd => ({ outcome: "succeeded", outputs: new Map(), ...more });

describe("the end of an attempt", () => {
  test("without secrets is left as it is", () => {
    const end = ended({ outputs: new Map<string, string | object>([["a", "b"]]) as never });
    expect(withoutSecrets(end, masker)).toEqual(end);
  });

  test.each([
    ["as it is", value],
    ["in a list", [{ x: value }]],
    ["encoded", `Basic ${Buffer.from(`me:${value}`).toString("base64")}`],
  ])("with a secret in an output, %s, is a failure", (_how, output) => {
    const end = withoutSecrets(ended({ outputs: new Map([["token", output]]) }), masker);
    expect(end).toMatchObject({
      outcome: "failed",
      outputs: new Map(),
      failure: { code: "secret_in_output" },
    });
    expect(end.failure?.message).toContain('the output "token" holds a secret value');
    expect(JSON.stringify([...end.outputs, end.failure])).not.toContain("c4nary");
  });

  test("with a secret in a note for memory is a failure", () => {
    const change = { kind: "add", text: `the key is ${value}` } as const;
    const memory = [{ id: "1", scope: "dag", change, untrusted: false }] as const;
    expect(withoutSecrets(ended({ memory }), masker)).toMatchObject({
      failure: { code: "secret_in_output" },
    });
  });

  test("tells a failure with its values masked", () => {
    const failure = { code: "exit_code", message: `exit code 1: bad key ${value}!` };
    expect(withoutSecrets(ended({ outcome: "failed", failure }), masker).failure).toEqual({
      code: "exit_code",
      message: "exit code 1: bad key [secret]!",
    });
  });
});

test("the path of an artifact must not hold a secret", () => {
  const artifact = (path: string) => ({
    path,
    digest: parseDigest(`sha256:${"0".repeat(64)}`),
    size: 0,
    executable: false,
  });
  checkPaths([artifact("a/b")], masker);
  expect(() => checkPaths([artifact(`a/${value}`)], masker)).toThrow("the path a/[secret] of an artifact");
});
