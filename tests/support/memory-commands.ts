/** The command line of memory before a coordinator's service and store; only the network between them is left out. */

import { createClient, createRouterTransport } from "@connectrpc/connect";
import { silentLog } from "@haversack/base";
import { type HaversackClient, type MemoryOperation, MemoryService, memoryClient } from "@haversack/protocol";
import { runProgram } from "../../packages/cli/src/program.ts";
import { fakeClient } from "../../packages/cli/src/testing/fake-client.ts";
import { fakeOutside } from "../../packages/cli/src/testing/fake-outside.ts";
import { mapErrors } from "../../packages/coordinator/src/api/interceptors.ts";
import { memoryService } from "../../packages/coordinator/src/api/memory-service.ts";
import { openSqliteStore } from "../../packages/coordinator/src/store/sqlite-store.ts";
import { World } from "../conformance/store/store-world.ts";
import { tempFolder } from "./temp-folder.ts";

/** `notes` is a step that succeeds with these operations, `haversack` a line behind `haversack memory`. */
export async function openMemory() {
  const folder = await tempFolder();
  const store = await openSqliteStore(folder.path);
  const outside = fakeOutside({ env: { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" } });
  const service = memoryService(store, outside.clock);
  const transport = createRouterTransport((router) => void router.service(MemoryService, service), {
    router: { interceptors: [mapErrors(silentLog)] },
  });
  const client: HaversackClient = fakeClient(memoryClient(createClient(MemoryService, transport)));
  const world = new World(store);
  const worker = world.worker("w");
  return {
    notes: async (...memory: MemoryOperation[]): Promise<string> => {
      const run = await world.submitWriter();
      await worker.finish(await worker.claim(run, "a"), { memory });
      return run;
    },
    haversack: async (line: string) => {
      outside.written.out = "";
      outside.written.err = "";
      const code = await runProgram(["memory", ...line.split(" ")], outside, () => client);
      return { code, ...outside.written };
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
