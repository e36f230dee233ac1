import type { ContainerEngine, Upward } from "@haversack/protocol";
import { parseWorkerId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { FakeClock, fakePorts } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { deploySettings } from "../config/deploy-settings.ts";
import { fakeRuntime } from "../testing/fake-runtime.ts";
import { scriptedImages } from "../testing/scripted-images.ts";
import { openDeploy } from "./open-deploy.ts";

test("what the engine became between the hello and the session is told when the session is up", async () => {
  await using folder = await tempFolder();
  const settings = deploySettings({ deploy: "docker=/nowhere/docker.sock" }, {});
  if (settings === undefined) throw new Error("it deploys");
  const told: Upward[] = [];
  const ups: (() => void)[] = [];
  let engine: ContainerEngine = {
    kind: "docker",
    version: "",
    arch: "",
    unavailable: "it was not asked yet",
    copyOnWrite: false,
    prefetch: "lazy",
    prefetchSource: "default",
  };
  const host = await openDeploy({
    ports: fakePorts(new FakeClock()),
    settings,
    workerId: parseWorkerId("w"),
    dataDir: folder.path,
    hostEnv: new Map(),
    uplink: {
      send: (message) => void told.push(message),
      onUp: (listener) => (ups.push(listener), () => {}),
    },
    sender: { sendDeploymentLog: async () => {} },
    openRuntime: async () => fakeRuntime(),
    openImages: () => ({
      images: scriptedImages((ref) => ref),
      engine: () => engine,
      start: async () => {},
      take: () => false,
      stop: async () => {},
    }),
  });
  await host.start();
  const { unavailable: _, ...answers } = engine;
  engine = { ...answers, version: "20.10" };
  for (const up of ups) up();
  await host.stop();
  expect(told).toContainEqual({ kind: "engine", engine });
});
