import type { ModelSpec } from "../format/content.ts";
import { byId } from "./look-up.ts";
import { refuseWrite } from "./refuse-write.ts";
import type { ModelStore } from "./stores.ts";

export function readOnlyModels(models: readonly ModelSpec[]): ModelStore {
  const find = byId("model", models, ({ id }) => id);
  const ids = Object.freeze(models.map(({ id }) => id));
  return Object.freeze({
    list: async () => ids,
    get: async (id: string) => find(id),
    put: refuseWrite("model", "put"),
    delete: refuseWrite("model", "delete"),
  });
}
