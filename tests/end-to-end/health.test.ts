/** What probes and Prometheus ask, of real processes. */

import { expect, test } from "vitest";
import { Fleet } from "../support/fleet.ts";

test("coordinator and worker say how they are; metrics are for whoever may read them", async () => {
  await using fleet = await Fleet.start();
  const worker = await fleet.startWorker("w", ["--health-listen", "127.0.0.1:0"]);
  const health = /"health":"([^"]+)"/.exec(await worker.line(/worker started/))?.[1] ?? "";
  await fleet.coordinator?.line(/worker connected/);
  const run = await fleet.submit('name: m\nsteps: [{ id: a, run: "true" }, { id: b, run: "false" }]\n');
  expect((await fleet.finished(run.id)).run.status).toBe("failed");

  for (const path of ["/livez", "/startupz", "/readyz"])
    expect([path, (await fetch(`${fleet.url}${path}`)).status]).toEqual([path, 200]);
  const ready = (await (await fetch(`${fleet.url}/readyz`)).json()) as { checks: object };
  expect(Object.values(ready.checks).every(({ ok }: { ok: boolean }) => ok)).toBe(true);

  const metrics = async (token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${fleet.url}/metrics`, { headers });
    return { status: response.status, text: await response.text() };
  };
  expect((await metrics()).status).toBe(401);
  expect((await metrics(await fleet.token("worker"))).status).toBe(403);
  const { status, text } = await metrics(await fleet.token("admin"));
  expect(status).toBe(200);
  expect(text).toContain("haversack_tasks_dispatched_total 2\n");
  expect(text).toContain('haversack_tasks_finished_total{outcome="succeeded"} 1\n');
  expect(text).toContain('haversack_tasks_finished_total{outcome="failed"} 1\n');
  expect(text).toContain('haversack_workers{state="connected",availability="open"} 1\n');
  expect(text).toContain('haversack_requests_total{method="haversack.v1.RunService/Submit",code="ok"} 1\n');
  expect(text).toMatch(/haversack_store_write_seconds_count\{verb="attemptsFinish"\} [1-9]/);
  expect(text).toContain("nodejs_eventloop_lag_p99_seconds ");
  expect(text).toContain("haversack_ready_steps 0\n");

  const asked = async (path: string) => (await fetch(`${health}${path}`)).status;
  expect([await asked("/livez"), await asked("/readyz"), await asked("/else")]).toEqual([200, 200, 404]);
  expect(await (await fetch(`${health}/metrics`)).text()).toContain("haversack_worker_slots 4\n");
  await fleet.killCoordinator();
  await worker.line(/dialling again/);
  expect([await asked("/livez"), await asked("/readyz")]).toEqual([200, 503]);
});
