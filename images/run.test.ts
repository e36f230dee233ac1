import { expect, test } from "vitest";
import { endPrograms, run } from "./run.ts";

test("what is told to end takes its programs with it, and tidies up all the same", async () => {
  const sleeping = run("sleep", ["60"]);
  endPrograms();
  await expect(sleeping).rejects.toThrow(/sleep 60: ended with SIGTERM/);
  await expect(run("sleep", ["60"])).rejects.toThrow(/ended with SIGTERM/);
  await expect(run("sh", ["-c", "sleep 0.1; echo gone"], { isTidying: true })).resolves.toBe("gone\n");
});
