import type { Soul } from "../format/content.ts";
import { byId } from "./look-up.ts";
import { refuseWrite } from "./refuse-write.ts";
import type { SoulStore } from "./stores.ts";

export function readOnlySouls(souls: readonly Soul[]): SoulStore {
  const find = byId("soul", souls, ({ id }) => id);
  const ids = Object.freeze(souls.map(({ id }) => id));
  return Object.freeze({
    list: async () => ids,
    get: async (id: string) => find(id),
    put: refuseWrite("soul", "put"),
    delete: refuseWrite("soul", "delete"),
  });
}
