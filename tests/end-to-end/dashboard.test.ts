/** The web page in a real browser, with a real coordinator; workers speak the real session and say what a test wants. */

import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  buildPage,
  obstacles,
  openBrowser,
  openTab,
  pageDir,
  signIn,
  withBrowser,
} from "../support/browser.ts";
import { DeployWorker } from "../support/deploy-worker.ts";
import { noSignal } from "../support/fleet.ts";
import { baseDigest, ImageWorld } from "../support/image-world.ts";

const base = baseDigest("1");
const bytes = (percent: number) => ({ unit: "bytes", done: percent, total: 100, percent }) as const;

/** Each state and length that the row of the worker `patient` ever has, in order. */
const noteWhatIsShown = `
  globalThis.noted = [];
  new MutationObserver(() => {
    const row = document.querySelector('li[data-worker="patient"]');
    const length = row?.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow');
    noted.push((row?.querySelector('.badge')?.textContent ?? 'gone') + ' ' + length);
  }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });`;

withBrowser("the web page", () => {
  let browser: Browser;
  let world: ImageWorld;
  let token: string;
  beforeAll(async () => {
    await buildPage();
    [browser, world] = await Promise.all([openBrowser(), ImageWorld.start({ pageDir })]);
    token = await world.token("admin");
  });
  afterAll(async () => {
    await browser.close();
    await world[Symbol.asyncDispose]();
  });

  const rowOf = (page: Page, worker: string): Locator => page.locator(`li[data-worker="${worker}"]`);
  const shows = (row: Locator, text: string | RegExp): Promise<void> => row.getByText(text).first().waitFor();

  describe("signing in", () => {
    test("a wrong token is told as such and kept nowhere; the right one stays in its tab until it signs out", async () => {
      await using tab = await openTab(browser);
      const { page } = tab;
      await signIn(page, world.url, "hv1_wrong");
      await page.getByRole("alert").getByText("does not know this token").waitFor();
      const kept = (): Promise<unknown> => page.evaluate("sessionStorage.length + localStorage.length");
      expect(await kept()).toBe(0);
      expect(await obstacles(page)).toEqual([]);
      await signIn(page, world.url, ` ${token}\n`);
      await page.getByRole("heading", { name: "Images" }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Images" }).waitFor();
      expect(await page.evaluate("[localStorage.length, document.cookie]")).toEqual([0, ""]);
      const second = await page.context().newPage();
      await second.goto(world.url);
      await second.getByLabel("Token").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Token").waitFor();
      expect(await kept()).toBe(0);
      expect(tab.complaints).toEqual([]);
    });

    test("a link carries one, and the address forgets it", async () => {
      await using tab = await openTab(browser);
      const asked: string[] = [];
      tab.page.on("request", (request) => asked.push(request.url()));
      await tab.page.goto(`${world.url}/#token=${token}`);
      await tab.page.getByRole("heading", { name: "Images" }).waitFor();
      expect(tab.page.url()).not.toContain("token");
      await tab.page.goBack();
      expect(tab.page.url()).not.toContain("token");
      expect(asked.filter((url) => url.includes(token))).toEqual([]);
      expect(asked.filter((url) => !url.startsWith(world.url))).toEqual([]);
    });

    test("a token that ends is told, not taken for a broken connection", async () => {
      await using tab = await openTab(browser);
      const admin = await world.client();
      const made = await admin.createToken({ name: "short", role: "viewer", lifetimeSeconds: 0 }, noSignal);
      await signIn(tab.page, world.url, made.secret);
      await tab.page.getByText("live", { exact: true }).waitFor();
      await admin.revokeToken(made.token.id, noSignal);
      await tab.page.getByRole("alert").getByText("not valid any more").waitFor();
    });
  });

  describe("images", () => {
    test("each state as it is told; bars as long as the server says, or without a length", async () => {
      await using tab = await openTab(browser);
      const { page, complaints } = tab;
      await using own = await world.worker("states");
      await using plain = await world.worker("plain", { engine: undefined });
      await signIn(page, world.url, token);
      const row = rowOf(page, own.name);
      const bar = row.getByRole("progressbar");
      await shows(rowOf(page, plain.name), "no container engine");
      own.says(base, "downloading", { attempt: 1, stamp: "1", progress: bytes(12) });
      await shows(row, "12 %");
      expect(await bar.getAttribute("aria-valuenow")).toBe("12");
      own.says(base, "downloading", { attempt: 1, since: 1, progress: bytes(49) });
      await shows(row, "49 %");
      await page.getByRole("log").getByText("states: 40 percent").waitFor();
      expect(await bar.getAttribute("aria-valuetext")).toBe("downloading, 49 %, 49 B of 100 B");
      own.says(base, "downloading", {
        attempt: 1,
        since: 1,
        progress: { unit: "layers", done: 2, total: 4 },
      });
      await shows(row, "2 of 4 layers");
      expect([await bar.getAttribute("aria-valuenow"), await bar.getAttribute("aria-valuetext")]).toEqual([
        null,
        "downloading, 2 of 4 layers",
      ]);
      own.says(base, "importing", { attempt: 1, progress: { unit: "none" } });
      await shows(row, "importing");
      expect([await bar.getAttribute("aria-valuenow"), await bar.getAttribute("aria-valuetext")]).toEqual([
        null,
        "importing",
      ]);
      const hostile = `<img src=x onerror="document.title='x'">\u202e`;
      own.says(base, "failed", {
        attempt: 2,
        failure: { code: "checksum", message: hostile, hint: "another mirror", retryAt: Date.now() + 60_000 },
      });
      await shows(row, `${hostile.slice(0, -1)}\\u202e`);
      await shows(row, "another mirror");
      await shows(row, "Tried again at");
      for (const [state, why] of [
        ["unknown", "the engine does not answer"],
        ["disabled", "off"],
        ["unsupported", "none for it"],
      ] as const) {
        own.says(base, state, { why });
        await shows(row, state);
        await shows(row, why);
      }
      own.says(base, "ready");
      await page.getByRole("log").getByText("states: ready").waitFor();
      await own.hangUp();
      await shows(row, "away, seen");
      expect(await page.title()).toBe("Haversack");
      expect(complaints).toEqual([]);
    });

    test("pull asks the worker; cancel asks the person first", async () => {
      await using tab = await openTab(browser);
      const { page } = tab;
      await using own = await world.worker("asked");
      own.says(base, "absent");
      await signIn(page, world.url, token);
      const row = rowOf(page, own.name);
      const orders = (): string[] =>
        own.told.flatMap((told) => (told.kind === "imageOrder" ? [told.order.order.kind] : []));
      await row.getByRole("button", { name: "Pull" }).click();
      await shows(row, "queued");
      await row.getByRole("button", { name: "Cancel" }).click();
      const dialog = page.getByRole("dialog");
      expect(await obstacles(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      expect(orders()).toEqual(["pull"]);
      await row.getByRole("button", { name: "Cancel" }).click();
      await dialog.getByRole("button", { name: "Cancel it" }).click();
      await shows(row, "cancelled");
      expect(orders()).toEqual(["pull", "cancel"]);
    });

    test("who may look only cannot press, and is told why; what the server refuses is shown as that", async () => {
      await using tab = await openTab(browser);
      const { page } = tab;
      await using own = await world.worker("looked-at");
      own.says(base, "absent");
      const admin = await world.client();
      const viewer = await admin.createToken({ name: "eyes", role: "viewer", lifetimeSeconds: 0 }, noSignal);
      await signIn(page, world.url, viewer.secret);
      const pull = rowOf(page, own.name).getByRole("button", { name: "Pull" });
      expect(await pull.getAttribute("aria-disabled")).toBe("true");
      await shows(rowOf(page, own.name), "needs the role operator");
      await pull.click({ force: true });
      expect(own.told.filter(({ kind }) => kind === "imageOrder")).toEqual([]);
      // As if the page were mistaken about who it is: the coordinator decides all the same.
      await page.route("**/WhoAmI", (route) =>
        route.fulfill({ contentType: "application/json", body: `{"name":"eyes","role":"ROLE_OPERATOR"}` }),
      );
      await page.reload();
      await pull.click();
      await rowOf(page, own.name)
        .getByRole("alert")
        .getByText("Not permitted: the role viewer may not")
        .waitFor();
      expect(own.told.filter(({ kind }) => kind === "imageOrder")).toEqual([]);
    });

    test("a coordinator that is away: the last figures stay, nothing has failed, and it goes on by itself", async () => {
      await using tab = await openTab(browser);
      const { page } = tab;
      await using own = await world.worker("patient");
      own.says(base, "downloading", { attempt: 1, since: 5, progress: bytes(50) });
      await signIn(page, world.url, token);
      const row = rowOf(page, own.name);
      await shows(row, "50 %");
      await page.evaluate(noteWhatIsShown);
      await world.stopCoordinator();
      await page.getByText("reconnecting", { exact: true }).waitFor();
      await shows(row, "50 %");
      expect(await page.locator("section.stale").count()).toBe(1);
      expect(await obstacles(page)).toEqual([]);
      await world.startCoordinator();
      await own.dial(world.url);
      own.says(base, "downloading", { attempt: 1, since: 5, progress: bytes(70) });
      await page.getByText("live", { exact: true }).waitFor();
      await shows(row, "70 %");
      const seen = [...new Set(await page.evaluate<string[]>("noted"))];
      expect(seen.filter((each) => !each.startsWith("downloading "))).toEqual([]);
      const percents = seen.map((each) => Number(each.split(" ")[1])).filter((each) => each > 0);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
      expect(percents.at(-1)).toBe(70);
    });
  });

  describe("deployments", () => {
    let worker: DeployWorker;
    beforeAll(async () => {
      worker = await DeployWorker.join(world.url, await world.token("worker"), "host");
    });
    afterAll(() => worker[Symbol.asyncDispose]());

    async function deploy(name: string): Promise<void> {
      const client = await world.client();
      const dag = `name: up-${name}\nsteps:\n  - id: up\n    deploy: { name: ${name}, image: base, ports: [8080] }\n`;
      const submission = { dag, fileName: "up.yaml", params: {}, idempotencyKey: name };
      const { run } = await client.submit(submission, noSignal);
      for await (const _ of client.watch(run.id, 0, noSignal));
    }

    test("none says how to make one; then where each stands, how it came to be, and what it wrote last", async () => {
      await using tab = await openTab(browser, {
        viewport: { width: 360, height: 800 },
        colorScheme: "dark",
      });
      const { page, complaints } = tab;
      await signIn(page, world.url, token);
      await page.getByRole("link", { name: "Deployments" }).click();
      await page.getByText("haversack deploy NAME").waitFor();
      await deploy("web");
      worker.deploying = (work) => ({
        ...worker.usual(work),
        deployment: worker.report(work, "started", {
          path: "image",
          stamp: "2026.11.1",
          fellBack: false,
          failures: ["first <b>this</b>", "then that"],
          ports: [{ containerPort: 8080, address: "evil.example/x", hostPort: 1 }],
        }),
      });
      await deploy("docs");
      const rowOf = (name: string): Locator => page.locator(`li[data-deployment="${name}"]`);
      await shows(rowOf("docs"), "from image 2026.11.1");
      await shows(rowOf("docs"), "evil.example/x:1 → 8080");
      expect(await rowOf("docs").locator("a[target]").count()).toBe(0);
      await shows(rowOf("web"), "built here");
      const places = rowOf("web").locator("a[target]");
      expect([await places.getAttribute("href"), await places.getAttribute("rel")]).toEqual([
        "http://127.0.0.1:8080/",
        "noreferrer noopener",
      ]);
      worker.send({
        kind: "images",
        statuses: [
          {
            digest: base,
            ref: "base",
            state: "downloading",
            attempt: 1,
            asked: [],
            seq: 1,
            since: 1,
            progress: bytes(49),
          },
        ],
      });
      await shows(rowOf("web"), "this deploy builds; image 49 %");
      const [container] = [...worker.containers.values()].filter(({ name }) => name === "docs");
      if (container === undefined) throw new Error("the deployment has a container");
      const lastLines = "listening\n<script>document.title='x'</script>\n";
      worker.containers.set(container.container, { ...container, state: "exited", exitCode: 3, lastLines });
      worker.observe();
      await shows(rowOf("docs"), "stopped (3)");
      await rowOf("docs").getByRole("link", { name: "docs" }).click();
      expect(await rowOf("docs").getByRole("listitem").allTextContents()).toEqual([
        "first <b>this</b>",
        "then that",
      ]);
      expect(await rowOf("docs").locator("pre").textContent()).toBe(lastLines);
      await shows(rowOf("docs"), "2.5s");
      expect(await obstacles(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      await page.getByRole("link", { name: "Images" }).click();
      await shows(page.locator(`li[data-worker="host"]`), "49 %");
      expect(await obstacles(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      await page.goBack();
      await worker.hangUp();
      await shows(rowOf("web"), "unknown");
      await shows(rowOf("web"), "last seen");
      expect([await page.title(), complaints]).toEqual(["Haversack", []]);
    });
  });
});
