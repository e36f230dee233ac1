import type { MemoryModes, MemoryScope, MemoryScopeName, MemorySection } from "../format/content.ts";
import { byId } from "./look-up.ts";
import { refuseWrite } from "./refuse-write.ts";
import type { MemoryStore } from "./stores.ts";

interface NamedScope {
  readonly name: MemoryScopeName;
  readonly scope: MemoryScope;
}

export function readOnlyMemory(memory: MemorySection, modes: MemoryModes): MemoryStore {
  const held = namedScopes(memory, modes);
  const find = byId("memory scope", held, ({ name }) => name);
  const names = Object.freeze(held.map(({ name }) => name));
  return Object.freeze({
    scopes: async () => names,
    get: async (name: MemoryScopeName) => find(name).scope,
    readTopic: async (name: MemoryScopeName, path: string) => {
      const { topics } = find(name).scope;
      return byId(`topic of memory ${name}`, topics, (topic) => topic.path)(path).text;
    },
    writable: (name: MemoryScopeName) => modes.write[name] !== "none",
    put: refuseWrite("memory", "put"),
    delete: refuseWrite("memory", "delete"),
  });
}

function namedScopes({ global, dags }: MemorySection, { dag }: MemoryModes): NamedScope[] {
  const own = dag === null ? null : (dags[dag] ?? null);
  return [
    ...(own === null ? [] : [{ name: "dag" as const, scope: own }]),
    ...(global === null ? [] : [{ name: "global" as const, scope: global }]),
  ];
}
