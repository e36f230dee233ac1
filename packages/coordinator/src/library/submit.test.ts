import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import { limitsFromEnvironment } from "@haversack/snapshot";
import { expect, test } from "vitest";
import type { Store } from "../store/store.ts";
import { Library } from "./library.ts";
import { Snapshots } from "./snapshots.ts";
import { Submitter } from "./submit.ts";

const examples = join(import.meta.dirname, "../../../../examples");
const ports = { clock: systemClock, random: systemRandom, log: silentLog };

/** Checks the example without a store, which a check does not touch. */
async function check(env: Readonly<Record<string, string>>): Promise<void> {
  const store = {} as Store;
  const library = new Library(join(examples, "agents"), undefined, limitsFromEnvironment(env));
  const dag = await readFile(join(examples, "dags/repo-report.yaml"), "utf8");
  await new Submitter(store, new Snapshots(store, library), ports).validate(dag, "repo-report.yaml");
}

test("a pack over the operator's limits fails the submission, at the step and with the size table", async () => {
  await check({});
  const problem = {
    file: "repo-report.yaml",
    line: expect.any(Number),
    field: "steps[5].agent",
    code: "snapshot_too_large",
    message: expect.stringMatching(
      /over 513\.0 KiB with 512\.0 KiB kept free for memory: skills\/repo-report/,
    ),
  };
  await expect(check({ HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "576KiB" })).resolves.toBeUndefined();
  await expect(check({ HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "513KiB" })).rejects.toMatchObject({
    problems: [problem],
  });
});
