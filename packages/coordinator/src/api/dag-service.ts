/** DagService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type DagService, ProblemsError, storedDagToWire } from "@haversack/protocol";
import type { Submitter } from "../library/submit.ts";
import type { Store } from "../store/store.ts";

/** @param onChange is called after schedules came or went */
export function dagService(
  submitter: Submitter,
  store: Store,
  onChange: () => void,
): ServiceImpl<typeof DagService> {
  return {
    async validate(request) {
      try {
        await submitter.validate(request);
        return { problems: [] };
      } catch (error) {
        if (!(error instanceof ProblemsError)) throw error;
        return { problems: [...error.problems] };
      }
    },
    async put(request) {
      const { name, changed } = await submitter.put(request);
      if (changed) onChange();
      return { dag: storedDagToWire(await store.read.dagRead({ name })), changed };
    },
    async get({ name }) {
      const dag = await store.read.dagRead({ name });
      return { dag: storedDagToWire(dag, dag.source) };
    },
    async list() {
      return { dags: (await store.read.dagsList()).map((dag) => storedDagToWire(dag)) };
    },
    async delete({ name }) {
      await store.write.dagDelete({ name });
      onChange();
      return {};
    },
  };
}
