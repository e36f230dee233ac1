/** The web page over everything real: coordinator, worker, Docker, a download that takes its time. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPage, openBrowser, openTab, signIn, withBrowser } from "../support/browser.ts";
import { engineAddress, withEngine } from "../support/container-engines.ts";
import { type DeployWorld, openDeployWorld } from "../support/deploy-world.ts";

const megabyte = 1_000_000;

withBrowser("the web page", () => {
  withEngine("docker", "with Docker", () => {
    let browser: Browser;
    let world: DeployWorld;
    beforeAll(async () => {
      await buildPage();
      const address = engineAddress("docker");
      const asked = {
        engine: "docker",
        address,
        ballastBytes: 6 * megabyte,
        bytesPerSecond: megabyte,
      } as const;
      [browser, world] = await Promise.all([openBrowser(), openDeployWorld(asked)]);
    });
    afterAll(async () => {
      await browser.close();
      await world[Symbol.asyncDispose]();
    });

    test("a pull moves by the server's percent, outlives the coordinator, and the next deploy starts from it", async () => {
      await using tab = await openTab(browser);
      const { page, complaints } = tab;
      await world.worker("box");
      await signIn(page, world.fleet.url, await world.fleet.token("admin"));
      const row = page.locator(`li[data-worker="box"]`);
      const bar = row.getByRole("progressbar");
      const percent = async (): Promise<number> =>
        Number((await bar.getAttribute("aria-valuenow", { timeout: 1000 }).catch(() => null)) ?? 0);
      await row.getByText("absent").waitFor();
      await row.getByRole("button", { name: "Pull" }).click();
      await expect.poll(percent, { timeout: 30_000 }).toBeGreaterThan(5);
      const before = await percent();
      await world.fleet.killCoordinator();
      await page.getByText("reconnecting", { exact: true }).waitFor();
      expect(await percent()).toBeGreaterThanOrEqual(before);
      await world.fleet.startCoordinator();
      await page.getByText("live", { exact: true }).waitFor();
      world.registry.bytesPerSecond = undefined;
      await row.getByText("ready", { exact: true }).waitFor({ timeout: 60_000 });
      expect(await row.getByText("failed").count()).toBe(0);
      const name = world.name("web");
      const deployed = await world.cli("deploy", name);
      expect([deployed.stderr, deployed.code]).toEqual([expect.any(String), 0]);
      await page.getByRole("link", { name: "Deployments" }).click();
      const deployment = page.locator(`li[data-deployment="${name}"]`);
      await deployment.getByText(`from image ${world.base.stamp}`).waitFor();
      await deployment.getByRole("link", { name }).click();
      await deployment.getByText("health", { exact: true }).waitFor();
      expect(complaints).toEqual([]);
    });
  });
});
