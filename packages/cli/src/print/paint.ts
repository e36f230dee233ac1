/** Colours by meaning. Without colours every function answers its text unchanged. */

import { styleText } from "node:util";
import type { RunStatus, StepPhase } from "@haversack/protocol";

type Style = Parameters<typeof styleText>[0];
type Brush = (text: string) => string;

export interface Paint {
  readonly good: Brush;
  readonly bad: Brush;
  readonly busy: Brush;
  readonly faint: Brush;
  readonly strong: Brush;
  phase(phase: StepPhase, text: string): string;
  status(status: RunStatus, text: string): string;
}

type BrushName = "good" | "bad" | "busy" | "faint" | "strong";

const ofPhase = {
  waiting: "faint",
  ready: "faint",
  leased: "busy",
  running: "busy",
  succeeded: "good",
  failed: "bad",
  cancelled: "bad",
  blocked: "faint",
  skipped: "faint",
  suspended: "busy",
} as const satisfies Record<StepPhase, BrushName>;

const ofStatus = {
  queued: "faint",
  running: "busy",
  succeeded: "good",
  failed: "bad",
  cancelled: "bad",
} as const satisfies Record<RunStatus, BrushName>;

export function createPaint(colours: boolean): Paint {
  const brush =
    (style: Style): Brush =>
    (text) =>
      colours && text !== "" ? styleText(style, text, { validateStream: false }) : text;
  const brushes = {
    good: brush("green"),
    bad: brush("red"),
    busy: brush("cyan"),
    faint: brush("dim"),
    strong: brush("bold"),
  };
  return {
    ...brushes,
    phase: (phase, text) => brushes[ofPhase[phase]](text),
    status: (status, text) => brushes[ofStatus[status]](text),
  };
}
