/** The base image on one worker: state, bar, figures, what can be asked. */

import type { Identity, WorkerImage } from "@haversack/protocol";
import { Badge } from "../parts/badge.tsx";
import { Moment } from "../parts/moment.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";
import { Told } from "../parts/told.tsx";
import type { ImageRow } from "../store/image-rows.ts";
import {
  barPercent,
  barText,
  figures,
  hasBar,
  lastFigures,
  stateNames,
  stateTones,
} from "../store/image-words.ts";
import type { Asked } from "../store/state.ts";
import { ImageButtons } from "./image-buttons.tsx";
import { ImageName, OtherImages, WorkerFacts } from "./image-facts.tsx";

interface RowParts {
  readonly row: ImageRow;
  readonly who: Identity;
  readonly asked: Asked | undefined;
}

export function ImageRowView({ row, who, asked }: RowParts) {
  const { image, isConnected } = row;
  return (
    <li className={isConnected ? "row" : "row away"} data-worker={row.workerName}>
      <WorkerFacts row={row} />
      <div className="what">
        <StateLine row={row} />
        {image !== undefined && isConnected && hasBar(image) && (
          <ProgressBar
            percent={barPercent(image)}
            text={barText(image)}
            label={`Image on ${row.workerName}`}
          />
        )}
        {image !== undefined && <Reason image={image} />}
        {image !== undefined && <ImageName image={image} />}
        {asked?.problem !== undefined && (
          <p className="problem" role="alert">
            {asked.verb === "pull" ? "Pull" : "Cancel"}: <Told text={asked.problem} />
          </p>
        )}
        <OtherImages images={row.others} />
      </div>
      {!row.cannotDeploy && (
        <ImageButtons row={row} who={who} isBusy={asked !== undefined && asked.problem === undefined} />
      )}
    </li>
  );
}

function StateLine({ row: { image, cannotDeploy, isConnected, lastSeenAt } }: { readonly row: ImageRow }) {
  const seen = !isConnected && lastSeenAt !== undefined && (
    <span className="faint">
      away, seen <Moment at={lastSeenAt} />
    </span>
  );
  if (image === undefined)
    return (
      <div className="line">
        <Badge tone="quiet" text={cannotDeploy ? "no container engine" : "nothing said yet"} /> {seen}
      </div>
    );
  const { state, attempt, progress, cause } = image.status;
  const told = isConnected ? figures(progress) : lastFigures(progress);
  return (
    <div className="line">
      <Badge tone={isConnected ? stateTones[state] : "quiet"} text={stateNames[state]} />
      {told.map((text, at) => (
        <span key={text} className={figureLook(at === 0, isConnected)}>
          {text}
        </span>
      ))}
      {attempt > 1 && <span className="figure faint">attempt {attempt}</span>}
      {hasBar(image) && cause !== undefined && <span className="figure faint">{causes[cause]}</span>}
      {seen}
    </div>
  );
}

const figureLook = (isFirst: boolean, isConnected: boolean): string =>
  isConnected ? (isFirst ? "figure strong" : "figure") : "figure faint";

const causes = {
  deploy: "asked by a deploy",
  operator: "asked by an operator",
  eager: "fetched ahead",
} as const;

function Reason({ image: { status } }: { readonly image: WorkerImage }) {
  const { state, why, failure, cancelledBy } = status;
  if (state === "failed" && failure !== undefined)
    return (
      <div className="reason">
        <p className="problem">
          <code>{failure.code}</code> <Told text={failure.message} />
        </p>
        {failure.hint !== "" && (
          <p>
            <Told text={failure.hint} />
          </p>
        )}
        <p className="faint">
          {failure.retryAt === undefined ? (
            "Not tried again by itself"
          ) : (
            <>
              Tried again at <Moment at={failure.retryAt} />
            </>
          )}
        </p>
      </div>
    );
  const text = state === "cancelled" && cancelledBy !== undefined ? `by ${cancelledBy}` : why;
  if (text === undefined) return null;
  return (
    <p className="reason faint">
      <Told text={text} />
    </p>
  );
}
