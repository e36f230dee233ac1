/** All that is known of one deployment: how it was made, how long that took, what failed, what it wrote last. */

import { formatDuration, printableLines } from "@haversack/base";
import type { DeploymentInfo, DeploymentReport } from "@haversack/protocol";
import type { ReactNode } from "react";
import { Moment } from "../parts/moment.tsx";
import { Told } from "../parts/told.tsx";

interface DetailParts {
  readonly info: DeploymentInfo;
}

export function DeploymentDetail({ info }: DetailParts) {
  const { report, lastLines } = info;
  return (
    <div className="detail">
      <div>
        <h3>What stands</h3>
        <Facts facts={factsOf(info)} />
      </div>
      {report !== undefined && report.phases.length > 0 && (
        <div>
          <h3>Phases</h3>
          <Phases report={report} />
        </div>
      )}
      {report !== undefined && report.failures.length > 0 && (
        <div className="wide">
          <h3>What failed, in order</h3>
          <ol>
            {report.failures.map((failure, at) => (
              // Nothing else tells them apart, and they never move.
              <li key={`${at} ${failure}`} className="problem">
                <Told text={failure} />
              </li>
            ))}
          </ol>
        </div>
      )}
      {lastLines !== undefined && (
        <div className="wide">
          <h3>The last it wrote</h3>
          <pre tabIndex={0}>{printableLines(lastLines)}</pre>
        </div>
      )}
    </div>
  );
}

type Fact = readonly [name: string, value: ReactNode];

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl>
      {facts.map(([name, value]) => (
        <Pair key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function Pair({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function factsOf(info: DeploymentInfo): readonly Fact[] {
  const { report, runId, stepId } = info;
  const step = runId === undefined ? undefined : `${runId}/${stepId ?? ""}`;
  const texts: readonly (readonly [string, string | undefined])[] = [
    ["path", report === undefined ? undefined : pathText(report)],
    ["stamp", report?.stamp],
    ["image digest", report?.imageDigest],
    ["engine", report?.engine],
    ["host", report?.host],
    ["container", info.container],
    ["step", step],
    ["exit code", info.exitCode?.toString()],
  ];
  const times: readonly (readonly [string, number | undefined])[] = [
    ["deployed", info.deployedAt],
    ["last seen", info.seenAt],
    ["goes", info.expiresAt],
  ];
  return [
    ...texts.flatMap(([name, text]) =>
      text === undefined || text === "" ? [] : [[name, <Told key={name} text={text} />] as const],
    ),
    ...times.flatMap(([name, at]) =>
      at === undefined ? [] : [[name, <Moment key={name} at={at} />] as const],
    ),
  ];
}

function pathText({ path, reason, fellBack }: DeploymentReport): string | undefined {
  if (path === undefined) return undefined;
  const why = reason === "" ? "" : `: ${reason}`;
  return `${path}${why}${fellBack ? " (the image was tried first)" : ""}`;
}

function Phases({ report: { phases } }: { readonly report: DeploymentReport }) {
  const longest = Math.max(1, ...phases.map(({ ms }) => ms));
  return (
    <div className="phases">
      {phases.map(({ name, ms }, at) => (
        // A phase may come twice, when the build path follows the image path.
        <Phase key={`${at} ${name}`} name={name} ms={ms} share={ms / longest} />
      ))}
    </div>
  );
}

interface PhaseParts {
  readonly name: string;
  readonly ms: number;
  /** Of the longest one. */
  readonly share: number;
}

function Phase({ name, ms, share }: PhaseParts) {
  return (
    <>
      <span>{name}</span>
      <span className="length" style={{ width: `${Math.round(100 * share)}%` }} />
      <span className="time">{formatDuration(ms)}</span>
    </>
  );
}
