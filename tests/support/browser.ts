/**
 * The web page in a real browser: Debian's Chromium, a new profile each time. Without it its tests are skipped, which the
 * output says; where everything has to be tested (`CI=true`), that is a failure.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { describe } from "vitest";
import { repositoryRoot } from "./fleet.ts";

const program = "/usr/bin/chromium";
const waitMs = 20_000;

/** The tests of `body`, where there is a browser. */
export function withBrowser(name: string, body: () => void): void {
  const isSkipped = !existsSync(program) && process.env["CI"] !== "true";
  describe.skipIf(isSkipped)(isSkipped ? `${name} (skipped: install chromium to run it)` : name, () => {
    body();
  });
}

export const pageDir = join(repositoryRoot, "packages/dashboard/dist");

/** As `npm test` does it: whoever runs one file by hand tests the page of today, too. */
export async function buildPage(): Promise<void> {
  const script = join(repositoryRoot, "scripts/bootstrap/dashboard.mjs");
  const { buildDashboard } = (await import(script)) as {
    buildDashboard: (root: string, node: string) => Promise<void>;
  };
  await buildDashboard(repositoryRoot, process.execPath);
}

export async function openBrowser(): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  return await chromium.launch({
    executablePath: program,
    args: [...args, "--disable-component-update", "--disable-sync"],
  });
}

/** A tab, in a profile of its own. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** What it complained of: errors of scripts, and what the content policy refused. */
  readonly complaints: string[];
}

export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(waitMs);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // That a server is away, or says no, is no fault of the page.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** By the form. */
export async function signIn(page: Page, url: string, token: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** What stands in the way of whoever cannot see the page, or not well. */
export async function obstacles(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run: () => Promise<{
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  });
}
