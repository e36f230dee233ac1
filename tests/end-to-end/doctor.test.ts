/** `haversack doctor` beside a coordinator that runs. */

import { expect, test } from "vitest";
import { Fleet, haversack } from "../support/fleet.ts";

test("doctor finds the coordinator well, and names what is wrong with a token or an address", async () => {
  await using fleet = await Fleet.start({ env: { HAVERSACK_DISK_RESERVE: "1MiB" } });
  const doctor = async (...args: string[]) => {
    const { code, stdout } = await haversack(["doctor", "--json", ...args]);
    const { healthy, checks } = JSON.parse(stdout) as {
      healthy: boolean;
      checks: { name: string; verdict: string; found: string; advice?: string }[];
    };
    return { code, healthy, of: (name: string) => checks.find((check) => check.name === name) };
  };
  const well = await doctor("--data", fleet.data);
  for (const name of ["name", "connection", "readiness", "clock", "token", "node", "disk flush"])
    expect(well.of(name)).toMatchObject({ name, verdict: "ok" });

  const wrong = await doctor("--coordinator", fleet.url, "--token", "hv1_wrong");
  expect([wrong.code, wrong.healthy, wrong.of("connection")?.verdict]).toEqual([1, false, "ok"]);
  expect(wrong.of("token")).toMatchObject({
    verdict: "problem",
    found: expect.stringContaining("refused") as string,
  });

  await fleet.killCoordinator();
  const gone = await doctor("--coordinator", fleet.url, "--token", await fleet.token("admin"));
  expect([gone.code, gone.of("connection")?.verdict]).toEqual([1, "problem"]);
});
