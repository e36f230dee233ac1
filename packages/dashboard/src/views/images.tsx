/** The base image on each worker, live. */

import type { Identity } from "@haversack/protocol";
import { useMemo } from "react";
import { Empty } from "../parts/empty.tsx";
import { useStore } from "../parts/page-context.ts";
import { Told } from "../parts/told.tsx";
import { imageRows, mayOperate } from "../store/image-rows.ts";
import { bytesText } from "../store/image-words.ts";
import type { State } from "../store/state.ts";
import { ImageRowView } from "./image-row.tsx";

interface ImagesParts {
  readonly who: Identity;
}

export function ImagesView({ who }: ImagesParts) {
  const state = useStore((all) => all);
  const rows = useMemo(() => imageRows(state), [state]);
  const able = rows.filter(({ isConnected, cannotDeploy }) => isConnected && !cannotDeploy);
  const ready = able.filter(({ image }) => image?.status.state === "ready").length;
  return (
    <section
      aria-labelledby="images-title"
      className={state.link.kind === "reconnecting" ? "stale" : undefined}
    >
      <div className="title">
        <h1 id="images-title">Images</h1>
        <BaseNote base={state.base} />
        {able.length > 0 && (
          <span className="sum">
            ready on {ready} of {able.length} {able.length === 1 ? "worker" : "workers"}
          </span>
        )}
      </div>
      {!mayOperate(who) && (
        <p className="note">
          You are signed in as {who.role}: you may look. To pull and to cancel takes the role operator.
        </p>
      )}
      {rows.length > 0 && (
        <ul className="rows">
          {rows.map((row) => (
            <ImageRowView key={row.workerId} row={row} who={who} asked={state.asked.get(row.workerId)} />
          ))}
        </ul>
      )}
      {rows.length === 0 && <NoRows isComplete={state.isComplete} />}
    </section>
  );
}

function BaseNote({ base }: { readonly base: State["base"] }) {
  if (base === undefined)
    return (
      <span className="sum">
        no base image is published; deploys build. <code>haversack coordinator --images FILE</code> names one
      </span>
    );
  const arches = [...base.arches].flatMap(([arch, { oci, lxd }]) => {
    const size = (oci ?? lxd)?.size;
    return size === undefined ? [] : [`${arch} ${bytesText(size)}`];
  });
  return (
    <span className="sum">
      base <Told text={base.stamp} />
      {arches.length > 0 && ` · ${arches.join(" · ")}`}
    </span>
  );
}

function NoRows({ isComplete }: { readonly isComplete: boolean }) {
  if (!isComplete) return <p className="faint">Asking the coordinator …</p>;
  return (
    <Empty title="No workers">
      <p>
        A worker shows up here when it connects. <code>haversack worker --deploy auto</code> starts one that
        can deploy.
      </p>
    </Empty>
  );
}
