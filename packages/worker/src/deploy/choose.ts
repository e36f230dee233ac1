/** Which of the two paths a deploy of the base image takes. Pure; decided once an attempt. */

import type { BaseImage } from "@haversack/protocol";
import type { ImageChoice, ImageLease, WantedImage } from "../images/images.ts";

/** What is known when the choice is made. */
export interface ChoiceView {
  readonly base: BaseImage | undefined;
  /** What the base image is here; undefined: there is none for this architecture and engine. */
  readonly wanted: WantedImage | undefined;
  /** What the engine said of it; undefined: there was nothing to ask for. */
  readonly answer: ImageChoice | undefined;
  /** The step waited for the image, in vain. */
  readonly waitedMs?: number;
  readonly hasRecipe: boolean;
  readonly arch: string;
}

export type Choice =
  | { readonly path: "image"; readonly lease: ImageLease; readonly reason: string }
  | { readonly path: "build"; readonly reason: string }
  | { readonly path: "none"; readonly why: string };

export function choosePath(view: ChoiceView): Choice {
  const { answer, wanted } = view;
  if (answer?.kind === "image") {
    return { path: "image", lease: answer.lease, reason: `the base image ${wanted?.stamp ?? ""} is here` };
  }
  const reason = whyNot(view);
  if (view.hasRecipe) return { path: "build", reason };
  const why = `${reason}, and the coordinator sent no recipe to build it from: it knows no base image; give it one, or name another image`;
  return { path: "none", why };
}

function whyNot({ base, wanted, answer, arch, waitedMs }: ChoiceView): string {
  if (base === undefined) return "no base image is known";
  if (wanted === undefined || answer === undefined)
    return `there is no base image ${base.stamp} for ${arch} and this engine`;
  const why = answer.kind === "build" ? answer.why : "";
  return waitedMs === undefined ? why : `${why}, also after ${Math.round(waitedMs / 1000)} s of waiting`;
}
