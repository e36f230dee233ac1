/** What stands under which name, where, and how it came to be. */

import type { DeploymentInfo, WorkerImage } from "@haversack/protocol";
import { useEffect, useMemo } from "react";
import { Badge } from "../parts/badge.tsx";
import { Empty } from "../parts/empty.tsx";
import { Moment } from "../parts/moment.tsx";
import { usePage, useStore } from "../parts/page-context.ts";
import { pathTo } from "../parts/route.ts";
import { Told } from "../parts/told.tsx";
import { deploymentState, deploymentTones, originText, placeOf } from "../store/deployment-words.ts";
import { imageRows } from "../store/image-rows.ts";
import { DeploymentDetail } from "./deployment-detail.tsx";

interface DeploymentsParts {
  /** The one whose details are shown. */
  readonly name: string | undefined;
}

export function DeploymentsView({ name }: DeploymentsParts) {
  const page = usePage();
  const state = useStore((all) => all);
  useEffect(() => page.showDeployments(), [page]);
  const images = useMemo(
    () => new Map(imageRows(state).map(({ workerId, image }) => [workerId, image])),
    [state],
  );
  const { deployments, link } = state;
  const list = deployments?.list ?? [];
  const isOld = deployments?.problem !== undefined;
  return (
    <section aria-labelledby="deployments-title" className={isOld ? "stale" : undefined}>
      <div className="title">
        <h1 id="deployments-title">Deployments</h1>
        {list.length > 0 && (
          <span className="sum">
            {list.filter((each) => each.state === "running").length} of {list.length} running
          </span>
        )}
      </div>
      {isOld && link.kind === "live" && <p className="note warn">This list is old: {deployments?.problem}</p>}
      {list.length > 0 && (
        <ul className="rows">
          {list.map((info) => (
            <DeploymentRow
              key={info.name}
              info={info}
              isOpen={info.name === name}
              image={info.workerId === undefined ? undefined : images.get(info.workerId)}
            />
          ))}
        </ul>
      )}
      {deployments === undefined && <p className="faint">Asking the coordinator …</p>}
      {deployments !== undefined && list.length === 0 && !isOld && (
        <Empty title="No deployments">
          <p>
            <code>haversack deploy NAME</code> leaves a container running on a worker's host; so does a step
            of kind <code>deploy</code>.
          </p>
        </Empty>
      )}
    </section>
  );
}

interface RowParts {
  readonly info: DeploymentInfo;
  readonly image: WorkerImage | undefined;
  readonly isOpen: boolean;
}

function DeploymentRow({ info, image, isOpen }: RowParts) {
  const { name, workerName, report } = info;
  const target = pathTo(isOpen ? { view: "deployments" } : { view: "deployments", name });
  return (
    <li className="row deployment" data-open={isOpen || undefined} data-deployment={name}>
      <div className="facts">
        <h2>
          <a href={target} aria-expanded={isOpen}>
            <Told text={name} />
          </a>
        </h2>
        <p>
          {workerName !== undefined && (
            <>
              on <Told text={workerName} />
            </>
          )}
        </p>
        <p>
          <Told text={info.image} />
        </p>
      </div>
      <div className="what">
        <StateLine info={info} image={image} />
        {report !== undefined && report.ports.length > 0 && <Places info={info} />}
        {info.note !== undefined && (
          <p className="reason">
            <Told text={info.note} />
          </p>
        )}
      </div>
      <Times info={info} />
      {isOpen && <DeploymentDetail info={info} />}
    </li>
  );
}

function StateLine({ info, image }: Pick<RowParts, "info" | "image">) {
  const { state, healthy } = info;
  const origin = originText(info, image);
  return (
    <div className="line">
      <Badge tone={deploymentTones[state]} text={deploymentState(info)} />
      {state === "running" && healthy !== undefined && (
        <Badge tone={healthy ? "good" : "bad"} text={healthy ? "healthy" : "unhealthy"} />
      )}
      {origin !== undefined && (
        <span className="figure">
          <Told text={origin} />
        </span>
      )}
    </div>
  );
}

function Places({ info: { report } }: Pick<RowParts, "info">) {
  return (
    <p className="line">
      {(report?.ports ?? []).map(placeOf).map(({ text, href }) =>
        href === undefined ? (
          <Told key={text} text={text} />
        ) : (
          <a key={text} href={href} target="_blank" rel="noreferrer noopener">
            {text}
          </a>
        ),
      )}
    </p>
  );
}

function Times({ info: { revision, deployedAt, expiresAt, seenAt, state } }: Pick<RowParts, "info">) {
  return (
    <div className="side">
      {revision > 0 && <p>revision {revision}</p>}
      {deployedAt !== undefined && (
        <p>
          deployed <Moment at={deployedAt} />
        </p>
      )}
      {state === "unknown" && seenAt !== undefined && (
        <p className="strong">
          last seen <Moment at={seenAt} />
        </p>
      )}
      {expiresAt !== undefined && (
        <p>
          goes <Moment at={expiresAt} />
        </p>
      )}
    </div>
  );
}
