/** Pools and explanations: protobuf ⇄ nouns. */

import { create } from "@bufbuild/protobuf";
import {
  PlacementServiceExplainResponseSchema,
  PoolSchema,
  type PlacementServiceExplainResponse as WireExplanation,
  type Pool as WirePool,
} from "../gen/haversack/v1/placement_service_pb.ts";
import type { PoolInfo, StepExplanation } from "../model/explanation.ts";
import { priorities } from "../model/placement.ts";
import { stepPhaseToWire } from "./enums.ts";
import { badField } from "./fields.ts";

export const poolToWire = ({ name, limit, inUse }: PoolInfo): WirePool =>
  create(PoolSchema, { name, limit, inUse });

export const poolFromWire = ({ name, limit, inUse }: WirePool): PoolInfo => ({ name, limit, inUse });

export function explanationToWire({ reasons, worker, limits, ...rest }: StepExplanation): WireExplanation {
  return create(PlacementServiceExplainResponseSchema, {
    ...rest,
    reasons: reasons.map(({ code, message }) => ({ code, message })),
    worker: [...worker],
    limits: [...limits],
  });
}

export function explanationFromWire(wire: WireExplanation): StepExplanation {
  const { phase, reasons, worker, limits } = wire;
  const priority = priorities.find((each) => each === wire.priority);
  if (priority === undefined) throw badField("priority", "1 to 5");
  if (!isPhase(phase)) throw badField("phase", "one that this version knows");
  const told = reasons.map(({ code, message }) => ({ code, message }));
  return { phase, reasons: told, priority, worker, limits };
}

const isPhase = (text: string): text is StepExplanation["phase"] => Object.hasOwn(stepPhaseToWire, text);
