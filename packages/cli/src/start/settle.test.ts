import { expect, test } from "vitest";
import { fakeOutside } from "../testing/fake-outside.ts";
import { type StartOptions, settleStart } from "./settle.ts";

const settled = (options: Partial<StartOptions>, env: NodeJS.ProcessEnv = {}) =>
  settleStart({ data: "d", ...options }, {}, fakeOutside({ env }));

test("what its worker is told travels as options, which win over its environment; nothing else does", () => {
  expect(settled({}, { HAVERSACK_IMAGES_MAX_RATE: "1MiB" }).workerArgs).toEqual([]);
  const { workerArgs } = settled({ slots: 2, deploy: "docker", imagesMaxRate: "4MiB", imagesDir: "/var/i" });
  expect(workerArgs).toEqual([
    "--slots=2",
    "--deploy=docker",
    "--images-max-rate=4MiB",
    "--images-dir=/var/i",
  ]);
  // Not taken for an option of its own.
  expect(settled({ deploy: "--name" }).workerArgs).toEqual(["--deploy=--name"]);
});

test("model and vault: the option, else the environment", () => {
  expect(settled({ model: "m", vault: "/v" }, { HAVERSACK_MODEL: "n" })).toMatchObject({
    model: { id: "m" },
    vault: "/v",
  });
  expect(settled({}, { HAVERSACK_MODEL: "n" }).model.id).toBe("n");
  expect(settled({}, { HAVERSACK_VAULT: "/w" })).not.toHaveProperty("vault");
});
