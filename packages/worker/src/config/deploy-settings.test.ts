/** What may be asked of a worker about containers, and what it says to anything else. */

import { expect, test } from "vitest";
import { deploySettings } from "./deploy-settings.ts";

const asked = (deploy: string | undefined) => (deploy === undefined ? {} : { deploy });

test.each([
  ["auto", { engine: "auto" }],
  ["docker", { engine: "docker" }],
  ["podman=/run/podman.sock", { engine: "podman", socket: "/run/podman.sock" }],
  ["lxd=unix:///var/lib/lxd/unix.socket", { engine: "lxd", socket: "/var/lib/lxd/unix.socket" }],
  [" incus ", { engine: "incus" }],
])("%j", (text, expected) => {
  const presets = {
    publishAddress: "127.0.0.1",
    bounds: { cpuMillis: 1000, memoryBytes: 536_870_912, pids: 512 },
    takes: "all",
  };
  expect(deploySettings(asked(text), {})).toEqual({ ...expected, ...presets });
  expect(deploySettings({}, { HAVERSACK_DEPLOY: text })).toEqual({ ...expected, ...presets });
});

test("nothing, empty and off mean no containers; a flag wins over the environment", () => {
  for (const text of [undefined, "", "off"]) expect(deploySettings(asked(text), {})).toBeUndefined();
  expect(deploySettings(asked("off"), { HAVERSACK_DEPLOY: "docker" })).toBeUndefined();
});

test.each([
  ["dokcer", {}, /deploy: expected auto, docker/],
  ["auto=/run/docker.sock", {}, /deploy: expected/],
  ["docker=run.sock", {}, /deploy: expected/],
  ["docker", { HAVERSACK_DEPLOY_PUBLISH: "localhost" }, /HAVERSACK_DEPLOY_PUBLISH/],
  ["docker", { HAVERSACK_DEPLOY_MEMORY: "1KiB" }, /HAVERSACK_DEPLOY_MEMORY/],
  ["docker", { HAVERSACK_DEPLOY_CPU: "0" }, /HAVERSACK_DEPLOY_CPU: expected a number from 0.01 to 1024/],
  ["docker", { HAVERSACK_DEPLOY_PIDS: "many" }, /HAVERSACK_DEPLOY_PIDS/],
  // Also where nothing is deployed.
  ["off", { HAVERSACK_DEPLOY_PIDS: "many" }, /HAVERSACK_DEPLOY_PIDS/],
])("%j with %j is refused by name", (text, env, message) => {
  expect(() => deploySettings(asked(text), env)).toThrow(message);
});

test("which steps it takes: all, or deploys where it deploys", () => {
  const takes = (flag: string | undefined, text: string, deploy = "docker") =>
    deploySettings({ deploy, ...(flag === undefined ? {} : { takes: flag }) }, { HAVERSACK_TAKES: text })
      ?.takes;
  expect([takes(undefined, ""), takes(undefined, " deploys "), takes("all", "deploys")]).toEqual([
    "all",
    "deploys",
    "all",
  ]);
  expect(() => takes("deploy", "")).toThrow("takes: expected all or deploys, found");
  expect(() => takes(undefined, "deploys", "off")).toThrow("a worker without --deploy takes no deploys");
});

test("bounds and address are the host's own matter", () => {
  const env = {
    HAVERSACK_DEPLOY_PUBLISH: "0.0.0.0",
    HAVERSACK_DEPLOY_CPU: "0.5",
    HAVERSACK_DEPLOY_MEMORY: "1GiB",
    HAVERSACK_DEPLOY_PIDS: "64",
    HAVERSACK_DEPLOY_FALLBACK_IMAGE: "registry.example/debian@sha256:x",
  };
  expect(deploySettings(asked("docker"), env)).toMatchObject({
    publishAddress: "0.0.0.0",
    bounds: { cpuMillis: 500, memoryBytes: 1024 ** 3, pids: 64 },
    fallbackImage: "registry.example/debian@sha256:x",
  });
});
