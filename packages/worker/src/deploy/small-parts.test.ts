/** The pure parts of deploys: proof, restarts, waiting shell, what a recipe may know, labels. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inheritedEnvironment } from "../execute/environment.ts";
import type { ContainerView } from "../runtime/container.ts";
import { deployWork, goodProof, recipe, specOf } from "../testing/deploy-world.ts";
import { isTheSame, labelsOf, readLabels, wantedOf } from "./labels.ts";
import { recipeEnvironment } from "./open-deploy.ts";
import { proofProblem } from "./proof.ts";
import { restartAfter, restarts } from "./restarts.ts";
import { waitShell } from "./wait-shell.ts";

const proven = { recipe: recipe.digest, stamp: "2026.11.1", arch: "x64" };

test.each([
  ["", "format"],
  ["{", "format"],
  ["[]", "format"],
  [goodProof.replace('"version":1', '"version":2'), "format"],
  [goodProof.replace("2026.11.1", "2026.11.2"), "its stamp is"],
  [goodProof.replace("x64", "arm64"), "its architecture is"],
  [goodProof.replace(recipe.digest, specOf("0")), "its recipe is"],
])("the proof %j is none: %s", (text, problem) => {
  expect(proofProblem(text, proven)).toContain(problem);
});

test("a good proof proves, also where the stamp is not asked for", () => {
  expect(proofProblem(goodProof, proven)).toBeUndefined();
  expect(proofProblem(goodProof, { recipe: recipe.digest, arch: "x64" })).toBeUndefined();
});

test("the shell that waits is that of the image pipeline", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../../images/wait.sh"), "utf8");
  expect(waitShell.trim()).toBe(text.replace(/^#.*\n/gm, "").trim());
});

test("restarts follow the policy, wait longer each time, and begin anew after a steady life", () => {
  expect(restartAfter({ state: "running", restart: "always" }, 0)).toBeUndefined();
  expect(restartAfter({ state: "exited", restart: "never", exitCode: 1 }, 0)).toBeUndefined();
  expect(restartAfter({ state: "exited", restart: "on-failure", exitCode: 0 }, 0)).toBeUndefined();
  expect(restartAfter({ state: "exited", restart: "on-failure", exitCode: 1 }, 3)).toBe(8000);
  expect(restartAfter({ state: "exited", restart: "always", exitCode: 0 }, 99)).toBe(60_000);
  const book = restarts();
  const exited = { id: "a", state: "exited", restart: "always" } as ContainerView;
  const running = { ...exited, state: "running" } as ContainerView;
  expect(book.due(exited, 0)).toEqual({ start: false, againInMs: 1000 });
  expect(book.due(exited, 400)).toEqual({ start: false, againInMs: 600 });
  expect(book.due(exited, 1000)).toEqual({ start: true });
  expect(book.due(running, 1100)).toEqual({ start: false });
  expect(book.due(exited, 1200)).toEqual({ start: false, againInMs: 2000 });
  expect(book.due(exited, 3200)).toEqual({ start: true });
  book.due(running, 4000);
  book.due(running, 64_000);
  expect(book.due(exited, 64_100)).toEqual({ start: false, againInMs: 1000 });
});

test("a recipe learns of proxies and mirrors, and of nothing else", () => {
  const host = new Map([
    ["HTTPS_PROXY", "http://proxy:1"],
    ["https_proxy", ""],
    ["HAVERSACK_NPM_REGISTRY", "http://npm"],
    ["HAVERSACK_TOKEN", "x"],
    ["DOCKER_HOST", "unix:///run/docker.sock"],
  ]);
  expect([...recipeEnvironment(host)]).toEqual([
    ["https_proxy", "http://proxy:1"],
    ["HAVERSACK_NPM_REGISTRY", "http://npm"],
  ]);
});

test("the processes of other steps learn of no engine", () => {
  const names = ["DOCKER_HOST", "CONTAINER_HOST", "LXD_DIR", "XDG_RUNTIME_DIR", "HAVERSACK_DEPLOY"];
  const host = new Map(names.map((name) => [name, "unix:///run/docker.sock"]));
  expect([...inheritedEnvironment(host)]).toEqual([]);
});

test("labels are read as they were written, and only those of one attempt's making are the same", () => {
  const work = deployWork();
  const origin = { path: "image", imageDigest: specOf("b"), stamp: "2026.11.1" } as const;
  const identity = { ...wantedOf(work, "w-1"), attempt: "r/s.1", hasSecrets: true, origin };
  const view = { labels: labelsOf(identity) } as ContainerView;
  const found = readLabels(view);
  expect(found).toEqual({ ...identity, view });
  for (const other of [
    { cluster: "x" },
    { name: "x" },
    { revision: 2 },
    { spec: specOf("0") },
    { worker: "x" },
  ])
    expect(found !== undefined && isTheSame(found, { ...identity, ...other })).toBe(false);
  expect(found !== undefined && isTheSame(found, identity)).toBe(true);
  for (const label of ["cluster", "deployment", "revision", "spec", "worker", "path", "image"]) {
    const labels = new Map(view.labels).set(`haversack.${label}`, "");
    expect(readLabels({ ...view, labels })).toBeUndefined();
  }
});
