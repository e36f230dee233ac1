import { engineAddress, withEngine } from "../../support/container-engines.ts";
import { describePulls } from "./describe-pulls.ts";
import { describeRuntime } from "./describe-runtime.ts";
import { dockerWorld } from "./docker-world.ts";

withEngine("docker", "Docker", () => {
  describeRuntime("Docker", async () => await dockerWorld(engineAddress("docker")), { more: describePulls });
});
