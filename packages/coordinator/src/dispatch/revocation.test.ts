import { parseWorkerId, type WorkerId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { FakeClock, fakePorts } from "../../../../tests/support/fake-clock.ts";
import { helloOf } from "../testing/fleet-samples.ts";
import { endRevoked } from "./revocation.ts";
import { WorkerLink } from "./worker-link.ts";
import { WorkerRegistry } from "./worker-registry.ts";

test("a worker that another coordinator revoked is ended here, and what it was given meanwhile is void", async () => {
  const clock = new FakeClock();
  const registry = new WorkerRegistry(1000);
  const links = ["a", "b"].map((name) => new WorkerLink(helloOf(name), clock));
  for (const link of links) registry.add(link);
  const voided: WorkerId[] = [];
  const store = {
    read: { workersRevoked: async () => ["a", "gone"].map(parseWorkerId) },
    write: { workerRevoke: async ({ workerId }: { workerId: WorkerId }) => voided.push(workerId) },
  };
  await endRevoked({ store, registry, ports: fakePorts(clock) });
  expect(voided).toEqual(["a"]);
  expect(links.map(({ ended }) => ended.aborted)).toEqual([true, false]);
  const said = await Array.fromAsync(links[0]?.outgoing() ?? []);
  expect(said).toMatchObject([{ kind: "goodbye", reason: "this worker was revoked", final: true }]);
});
