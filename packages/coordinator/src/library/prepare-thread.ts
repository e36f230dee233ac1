/** A thread for one large DAG file: it is told what to prepare, answers once and ends. */

import { parentPort, workerData } from "node:worker_threads";
import { faultOf, messageOf, present } from "@haversack/base";
import { ProblemsError } from "@haversack/protocol";
import { type Asked, prepare } from "./prepare.ts";
import type { ThreadAnswer } from "./prepare-aside.ts";

function answer(asked: Asked): ThreadAnswer {
  try {
    return { kind: "prepared", prepared: prepare(asked) };
  } catch (error) {
    if (error instanceof ProblemsError) return { kind: "problems", problems: error.problems };
    return { kind: "failed", fault: faultOf(error), message: messageOf(error) };
  }
}

present(parentPort, "the parent's port").postMessage(answer(workerData as Asked));
