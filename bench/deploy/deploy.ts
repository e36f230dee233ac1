/**
 * Deploys by the build path and by the image path, on one worker and one real engine, in one run: how long each takes from the
 * submission to a healthy container, what its phases take, and whether a byte of the image was fetched twice. The base
 * image and its recipe are small ones of the tests; the recipe writes as much as the image holds, and needs no network.
 */

import { access } from "node:fs/promises";
import { FaultError, systemClock } from "@haversack/base";
import type { DeploymentInfo } from "@haversack/protocol";
import { type DeployWorld, openDeployWorld } from "../../tests/support/deploy-world.ts";
import type { Bench, BenchOptions, Report } from "../bench.ts";
import { median } from "../measure.ts";

const full = { deploys: 9, files: 1500, fileBytes: 32_768 };
const quickly: typeof full = { deploys: 1, files: 10, fileBytes: 1024 };

interface Timed {
  readonly ms: number;
  readonly deployment: DeploymentInfo;
}

export const deploy: Bench = {
  name: "deploy",
  description: "a deploy by the build path and by the image path, and what was downloaded for it",
  async run(report, options) {
    const { engine, socket } = await findEngine();
    const { deploys, files, fileBytes } = options.quick ? quickly : full;
    await using world = await openDeployWorld({
      engine,
      address: `unix://${socket}`,
      ballastBytes: files * fileBytes,
      recipeWork: recipeWork(files, fileBytes),
    });
    // What comes by itself would change the path in the middle of the run.
    await world.worker("bench", "--prefetch-base-image", "off");
    report.doing(`${deploys} deploys by the build path`);
    const built = await rounds(world, "built", deploys, options);
    report.doing("the base image");
    const began = systemClock.monotonic();
    await pullImage(world);
    const pullMs = systemClock.monotonic() - began;
    report.doing(`${deploys} deploys by the image path`);
    const launched = await rounds(world, "launched", deploys, options);
    tell(report, engine, { built, launched, pullMs, fetched: fetchedBytes(world), size: world.base.size });
  },
};

const engines = ["docker", "podman"] as const;

/** That of the tests, or where Docker and Podman usually are. */
async function findEngine() {
  for (const engine of engines) {
    const told = process.env[`TEST_${engine.toUpperCase()}_HOST`]?.replace(/^unix:\/\//, "");
    const usual = engine === "docker" ? "/var/run/docker.sock" : "/run/podman/podman.sock";
    const socket = told === undefined || told === "" ? usual : told;
    if (
      await access(socket).then(
        () => true,
        () => false,
      )
    )
      return { engine, socket };
  }
  const message =
    "this benchmark needs Docker or Podman: start one, or name its socket with TEST_DOCKER_HOST or TEST_PODMAN_HOST (unix:///PATH)";
  throw new FaultError("invalid", "no_engine", message);
}

/** Lines of a shell that write as much as the image holds besides. */
const recipeWork = (files: number, fileBytes: number): string => `
mkdir -p /opt/filling
i=0
while [ $i -lt ${files} ]; do head -c ${fileBytes} /dev/urandom > /opt/filling/$i; i=$((i + 1)); done
`;

async function rounds(
  world: DeployWorld,
  name: string,
  count: number,
  { signal }: BenchOptions,
): Promise<readonly Timed[]> {
  const timed: Timed[] = [];
  for (let round = 0; round < count; round++) {
    signal.throwIfAborted();
    timed.push(await deployOnce(world, world.name(`${name}-${round}`), signal));
  }
  return timed;
}

/** Removed again, so that all rounds find the same host. */
async function deployOnce(world: DeployWorld, name: string, signal: AbortSignal): Promise<Timed> {
  const step = (more: string) => `name: bench\nsteps: [{ id: web, deploy: { name: ${name}${more} } }]\n`;
  const health = ", health: { http: /healthz, port: 8080, interval: 50ms }";
  const began = systemClock.monotonic();
  await runToEnd(world, step(health));
  const ms = systemClock.monotonic() - began;
  const client = await world.fleet.client();
  const deployment = await client.deployment(name, signal);
  await runToEnd(world, step(", state: absent"));
  return { ms, deployment };
}

async function runToEnd(world: DeployWorld, dag: string): Promise<void> {
  const { id } = await world.fleet.submit(dag);
  const { run } = await world.fleet.finished(id);
  if (run.status === "succeeded") return;
  const failure = run.steps.find((step) => step.failure !== undefined)?.failure;
  throw new FaultError("bug", "deploy_failed", `a deploy ended as ${run.status}: ${failure?.message}`);
}

async function pullImage(world: DeployWorld): Promise<void> {
  const { code, stderr } = await world.cli("images", "pull", "--worker", "bench");
  if (code !== 0) throw new FaultError("bug", "pull_failed", `the image did not come: ${stderr}`);
}

const fetchedBytes = ({ registry }: DeployWorld): number =>
  registry.requests.reduce((sum, { url, bytes }) => sum + (url.startsWith("/files/") ? bytes : 0), 0);

interface Measured {
  readonly built: readonly Timed[];
  readonly launched: readonly Timed[];
  readonly pullMs: number;
  readonly fetched: number;
  readonly size: number;
}

function tell(report: Report, engine: string, { built, launched, pullMs, fetched, size }: Measured): void {
  const on = `${engine}, image of ${Math.round(size / 1_000_000)} MB`;
  const say = (metric: string, value: number, unit: string) =>
    report.measured({ case: on, metric, value, unit });
  requirePath(built, "build");
  requirePath(launched, "image");
  const medianOf = (timed: readonly Timed[]): number => median(timed.map(({ ms }) => ms));
  const [byBuild, byImage] = [medianOf(built), medianOf(launched)];
  say("build_path_ms", byBuild, "ms");
  say("image_path_ms", byImage, "ms");
  say("build_path_over_image_path", byBuild / byImage, "x");
  for (const phase of ["create", "start", "build", "alive", "health"] as const) {
    say(`build_path_${phase}_ms`, phaseMs(built, phase), "ms");
    if (phase !== "build") say(`image_path_${phase}_ms`, phaseMs(launched, phase), "ms");
  }
  say("pull_ms", pullMs, "ms");
  say("bytes_fetched", fetched, "B");
  say("bytes_fetched_twice", Math.max(0, fetched - size), "B");
}

/** A figure of the wrong path would say nothing. */
function requirePath(timed: readonly Timed[], path: "build" | "image"): void {
  const wrong = timed.find(({ deployment }) => deployment.report?.path !== path);
  if (wrong === undefined) return;
  const { report } = wrong.deployment;
  throw new FaultError(
    "bug",
    "wrong_path",
    `a deploy went by ${report?.path}, not ${path}: ${report?.reason}`,
  );
}

const phaseMs = (timed: readonly Timed[], name: string): number =>
  median(
    timed.map(({ deployment }) => deployment.report?.phases.find((phase) => phase.name === name)?.ms ?? 0),
  );
