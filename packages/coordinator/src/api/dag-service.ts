/** DagService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type DagService, ProblemsError } from "@haversack/protocol";
import type { Submitter } from "../library/submit.ts";

export function dagService(submitter: Submitter): ServiceImpl<typeof DagService> {
  return {
    async validate({ dag, fileName }) {
      try {
        await submitter.validate(dag, fileName);
        return { problems: [] };
      } catch (error) {
        if (!(error instanceof ProblemsError)) throw error;
        return { problems: [...error.problems] };
      }
    },
  };
}
