/** Whether each step is of one kind, and has the keys that go with it. */

import type { Problem } from "@haversack/protocol";
import { type DagBody, notInHandlers, stepKinds } from "./dag-schema.ts";
import { foreachKeyProblems } from "./foreach-schema.ts";
import { humanProblems } from "./human.ts";
import { placesIn } from "./places.ts";
import { secretProblems } from "./secret-schema.ts";
import { strayKeys } from "./stray-keys.ts";
import { fieldOf, type YamlSource } from "./yaml-source.ts";

export function kindProblems(file: DagBody, source: YamlSource): Problem[] {
  const ofDag = secretProblems(file).map(({ path, ...problem }) => {
    const field = fieldOf(path);
    return { file: source.file, ...source.at(field), field, ...problem };
  });
  return [...ofDag, ...ofSteps(file, source)];
}

function ofSteps(file: DagBody, source: YamlSource): Problem[] {
  return placesIn(file).flatMap(({ step, path }) => {
    const kinds = stepKinds.filter((kind) => step[kind] !== undefined).length;
    const at = (behind: readonly (string | number)[]) => {
      const field = fieldOf([...path, ...behind]);
      return { file: source.file, ...source.at(field), field };
    };
    if (kinds !== 1) {
      const message = `step "${step.id}" needs exactly one of ${stepKinds.join(", ")}; it has ${kinds}`;
      return [{ ...at([]), code: "step_kind", message }];
    }
    const late =
      path[0] === "steps" ? [] : (["depends", "continueOnError", "foreach", "matrix", "human"] as const);
    return [
      ...strayKeys(step).map(({ path, message }) => ({ ...at(path), code: "step_kind", message })),
      ...secretProblems(step, step.env).map(({ path, ...problem }) => ({ ...at(path), ...problem })),
      ...foreachKeyProblems(step).map((problem) => ({ ...at([]), ...problem })),
      ...late
        .filter((key) => step[key] !== undefined)
        .map((key) => ({ ...at([]), code: "not_in_handler", message: notInHandlers[key] })),
      ...humanProblems(step).map(({ path, ...problem }) => ({ ...at(path), ...problem })),
    ];
  });
}
