/** Steps that deploy, as a dispatcher claims them and a worker begins and ends them. */

import { present, systemRandom } from "@haversack/base";
import {
  type AttemptRef,
  type AttemptResult,
  allSteps,
  type DagSpec,
  type DeploymentReport,
  type DeploySpec,
  type ObservedDeployment,
  parseRunId,
  parseWorkerId,
  type RunId,
  type StepSpec,
} from "@haversack/protocol";
import { deploymentOf, withDeployment } from "../../../packages/coordinator/src/runs/deployment-name.ts";
import type { DeployContent } from "../../../packages/coordinator/src/runs/deployment-row.ts";
import type { StepSubmission } from "../../../packages/coordinator/src/store/verbs/new-steps.ts";
import type { StoredPack } from "../../../packages/coordinator/src/store/verbs/snapshot-verbs.ts";
import {
  contentOf,
  deploySpecOf,
  reportOf,
  seenOf,
  specOf,
} from "../../../packages/coordinator/src/testing/deployment-samples.ts";
import { PlacementWorld } from "./placement-world.ts";
import { dag, digestOf, step } from "./store-world.ts";

export const deployStep = (
  id: string,
  name: string,
  more: Partial<DeploySpec> = {},
  own: Partial<StepSpec> = {},
) => step(id, [], { work: deploySpecOf(name, more), onWorkerLost: "fail", ...own });

export interface Beginning {
  readonly on?: string;
  readonly name?: string;
  readonly content?: DeployContent;
}

export class DeploymentsWorld extends PlacementWorld {
  /** As a submission places its steps. */
  async submitDeploys(spec: DagSpec, more: { key?: string; pack?: StoredPack } = {}): Promise<RunId> {
    const { key, pack } = more;
    const pins = pack === undefined ? {} : { pinDigest: pack.digest, snapshotDigest: pack.digest };
    const steps = allSteps(spec).map((each): StepSubmission => {
      const need = deploymentOf(each, (text) => text);
      const placed = need === undefined ? {} : { deployment: need, limits: withDeployment([], need) };
      return { labels: {}, ...placed, ...pins };
    });
    const { runId } = await this.store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOf(JSON.stringify(spec)),
      dag: spec,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now: this.now,
      steps,
      packs: pack === undefined ? [] : [pack],
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
    return runId;
  }

  /** One step that deploys a name. */
  async submitOne(name: string, more: Partial<DeploySpec> = {}, key?: string): Promise<RunId> {
    return await this.submitDeploys(dag(deployStep("d", name, more)), key === undefined ? {} : { key });
  }

  /** @param letter stands for all that decides what runs; undefined: it is to go */
  async begin(
    ref: AttemptRef,
    letter: string | undefined,
    { on = "w", name = "web", ...more }: Beginning = {},
  ) {
    const { content = contentOf(name) } = more;
    const target = letter === undefined ? {} : { target: { spec: specOf(letter), content } };
    return await this.store.write.deploymentBegin({
      name,
      ref,
      workerId: parseWorkerId(on),
      now: this.now,
      ...target,
    });
  }

  async report(
    ref: AttemptRef,
    effect: DeploymentReport["effect"],
    { on = "w", ...more }: Partial<AttemptResult> & { readonly on?: string } = {},
  ) {
    return await this.worker(on).finish(ref, { deployment: reportOf(effect), ...more });
  }

  /** Submitted, claimed, begun and reported. */
  async deploy(
    name: string,
    letter: string | undefined,
    on = "w",
    more: Partial<DeploySpec> = {},
  ): Promise<AttemptRef> {
    const state = letter === undefined ? ({ state: "absent" } as const) : {};
    await this.submitOne(name, { ...more, ...state });
    const ref = present((await this.claimReady(1, on))[0], "a claim");
    await this.begin(ref, letter, { on, name, content: contentOf(name, more) });
    await this.report(ref, letter === undefined ? "removed" : "started", { on });
    return ref;
  }

  async sees(on: string, ...deployments: ObservedDeployment[]) {
    const observed = { deployments };
    return await this.store.write.deploymentsObserve({
      workerId: parseWorkerId(on),
      observed,
      now: this.now,
    });
  }

  async row(name = "web") {
    return (await this.store.read.deploymentRead({ name })).row;
  }
}

export const webSeen = (revision: number, more: Partial<ObservedDeployment> = {}): ObservedDeployment =>
  seenOf(revision, more);
