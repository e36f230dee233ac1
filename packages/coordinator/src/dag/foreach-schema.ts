/** `foreach` and `matrix` of a DAG file, with the keys that go with them. */

import { type ForeachSpec, itemsMax, type Problem } from "@haversack/protocol";
import { z } from "zod";
import { jsonValue } from "./json-value.ts";

const axesMax = 10;
const maxParallelDefault = 10;
/** Of `include` and of `exclude`: each is compared with every combination. */
const namedMax = 200;
const listHint = "expected a list, or an expression that gives one";

const axisName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, "expected a name such as version");
const list = z.union([z.array(jsonValue), z.string().min(1)], listHint);
const combination = z.record(axisName, jsonValue);

const matrix = z
  .object({
    include: z.array(combination).max(namedMax).optional(),
    exclude: z.array(combination).max(namedMax).optional(),
  })
  .catchall(list)
  .superRefine((value, context) => {
    const axes = Object.keys(value).filter((name) => name !== "include" && name !== "exclude");
    for (const name of axes) {
      const problem = axisName.safeParse(name).error?.issues[0]?.message;
      if (problem !== undefined) context.addIssue({ code: "custom", path: [name], message: problem });
    }
    if (axes.length > 0 && axes.length <= axesMax) return;
    const message = `expected 1 to ${axesMax} names with their lists, found ${axes.length}`;
    context.addIssue({ code: "custom", message });
  });

export const foreachKeys = {
  foreach: list.optional(),
  matrix: matrix.optional(),
  maxParallel: z.int().min(1).max(itemsMax).optional(),
  failFast: z.boolean().optional(),
};

type ForeachFile = { [Key in keyof typeof foreachKeys]?: z.infer<(typeof foreachKeys)[Key]> };

/** Undefined: the step is done once. */
export function foreachSpec(step: ForeachFile): ForeachSpec | undefined {
  const over = overOf(step);
  if (over === undefined) return undefined;
  return { over, maxParallel: step.maxParallel ?? maxParallelDefault, failFast: step.failFast ?? true };
}

function overOf({ foreach: items, matrix }: ForeachFile): ForeachSpec["over"] | undefined {
  if (items !== undefined) return { kind: "list", items };
  if (matrix === undefined) return undefined;
  const { include, exclude, ...axes } = matrix;
  return {
    kind: "matrix",
    axes,
    ...(include === undefined ? {} : { include }),
    ...(exclude === undefined ? {} : { exclude }),
  };
}

/** What does not go together, told at the step. */
export function foreachKeyProblems(
  step: ForeachFile & { readonly id: string },
): Pick<Problem, "code" | "message">[] {
  if (step.foreach !== undefined && step.matrix !== undefined) {
    const message = `step "${step.id}" has both foreach and matrix: a matrix of one name is a foreach`;
    return [{ code: "bad_foreach", message }];
  }
  if (step.foreach !== undefined || step.matrix !== undefined) return [];
  return (["maxParallel", "failFast"] as const)
    .filter((key) => step[key] !== undefined)
    .map((key) => ({ code: "bad_foreach", message: `\`${key}\` belongs to a step with foreach or matrix` }));
}
