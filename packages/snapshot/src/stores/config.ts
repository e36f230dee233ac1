import type { EffectiveConfig } from "../format/content.ts";
import { refuseWrite } from "./refuse-write.ts";
import type { ConfigStore } from "./stores.ts";

export function readOnlyConfig(config: EffectiveConfig): ConfigStore {
  return Object.freeze({ get: async () => config, put: refuseWrite("config", "put") });
}
