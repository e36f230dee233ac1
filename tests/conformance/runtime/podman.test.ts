import { engineAddress, withEngine } from "../../support/container-engines.ts";
import { describePulls } from "./describe-pulls.ts";
import { describeRuntime } from "./describe-runtime.ts";
import { dockerWorld } from "./docker-world.ts";

withEngine("podman", "Podman", () => {
  describeRuntime("Podman", async () => await dockerWorld(engineAddress("podman")), { more: describePulls });
});
