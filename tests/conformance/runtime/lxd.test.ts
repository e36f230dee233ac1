import { withEngine } from "../../support/container-engines.ts";
import { describeRuntime } from "./describe-runtime.ts";
import { lxdWorld } from "./lxd-world.ts";

withEngine("lxd", "LXD", () => {
  describeRuntime("LXD", lxdWorld);
});
