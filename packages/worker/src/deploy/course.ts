/** What a deploy has done so far: what is told at its end, and what has to be undone if it fails before the switch. */

import { messageOf } from "@haversack/base";
import type { DeployEffect, DeploymentReport } from "@haversack/protocol";
import type { ImageLease } from "../images/images.ts";
import type { ContainerView } from "../runtime/container.ts";
import type { Deployed, Origin } from "./labels.ts";
import type { Deploy } from "./parts.ts";

export interface Course {
  /** Why the path was taken. */
  reason: string;
  origin: Origin | undefined;
  fellBack: boolean;
  /** In order. */
  readonly failures: string[];
  /** The engine's id of a container that must not stay if the deploy fails. */
  created: string | undefined;
  /** What stood before. */
  old: Deployed | undefined;
  /** It was stopped for this deploy. */
  stoppedOld: boolean;
  /** Images that nobody may remove while the deploy is under way. */
  readonly leases: ImageLease[];
  /** The new one stands: nothing is undone from here on. */
  switched: boolean;
}

export const newCourse = (): Course => ({
  reason: "",
  origin: undefined,
  fellBack: false,
  failures: [],
  created: undefined,
  old: undefined,
  stoppedOld: false,
  leases: [],
  switched: false,
});

export interface DeployEnd {
  readonly report: DeploymentReport;
  /** Of a deploy that did well and left something standing. */
  readonly view?: ContainerView;
  /** Absent: it did well. */
  readonly error?: unknown;
}

export interface Standing {
  readonly effect: DeployEffect;
  /** What stands now. */
  readonly stands?: Pick<Deployed, "revision" | "spec" | "view">;
}

export function reportOf(
  deploy: Deploy,
  host: string,
  course: Course,
  { effect, stands }: Standing,
): DeploymentReport {
  const { work, info, phases } = deploy;
  const { origin } = course;
  return {
    name: work.name,
    revision: stands?.revision ?? work.revision,
    spec: stands?.spec ?? work.spec,
    effect,
    ...(stands !== undefined && { container: stands.view.id }),
    engine: info.kind,
    ...(origin !== undefined && { path: origin.path, imageDigest: origin.imageDigest }),
    reason: course.reason,
    ...(origin?.stamp !== undefined && { stamp: origin.stamp }),
    fellBack: course.fellBack,
    phases: phases.record,
    host,
    ports: stands?.view.ports.filter(({ hostPort }) => hostPort > 0) ?? [],
    failures: course.failures,
  };
}

export const failed = (course: Course, error: unknown): void =>
  void course.failures.push(messageOf(error).slice(0, 2000));
