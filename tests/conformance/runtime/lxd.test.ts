import { withLxd } from "../../support/lxd.ts";
import { describeRuntime } from "./describe-runtime.ts";
import { lxdWorld } from "./lxd-world.ts";

withLxd("LXD", () => {
  describeRuntime("LXD", lxdWorld);
});
