/** What stands beside the state of an image: whose it is, which one it is, and which others there are. */

import type { WorkerImage } from "@haversack/protocol";
import { Badge } from "../parts/badge.tsx";
import { Told } from "../parts/told.tsx";
import type { ImageRow } from "../store/image-rows.ts";
import { stateNames, stateTones } from "../store/image-words.ts";

const digestCharacters = "sha256:".length + 12;

const shortDigest = (digest: string): string => digest.slice(0, digestCharacters);

export function WorkerFacts({ row: { workerName, engine, image } }: { readonly row: ImageRow }) {
  const arch = engine?.arch ?? image?.status.arch;
  return (
    <div className="facts">
      <h2>
        <Told text={workerName} />
      </h2>
      <p>
        {engine !== undefined && <Told text={`${engine.kind} ${engine.version}`} />}
        {arch !== undefined && <Told text={engine === undefined ? arch : ` · ${arch}`} />}
      </p>
      {engine !== undefined && (
        <p>
          prefetch <strong>{engine.prefetch}</strong>{" "}
          <span className="faint">by {engine.prefetchSource}</span>
        </p>
      )}
      {engine?.unavailable !== undefined && (
        <p className="problem">
          <Told text={engine.unavailable} />
        </p>
      )}
    </div>
  );
}

/** Which one it is. */
export function ImageName({ image: { status } }: { readonly image: WorkerImage }) {
  return (
    <p className="faint" title={status.digest}>
      {status.stamp !== undefined && (
        <>
          <Told text={status.stamp} /> ·{" "}
        </>
      )}
      <code>{shortDigest(status.digest)}</code>
    </p>
  );
}

export function OtherImages({ images }: { readonly images: readonly WorkerImage[] }) {
  if (images.length === 0) return null;
  return (
    <details className="others">
      <summary>
        {images.length} other {images.length === 1 ? "image" : "images"}
      </summary>
      <ul>
        {images.map(({ status }) => (
          <li key={status.digest}>
            <Badge tone={stateTones[status.state]} text={stateNames[status.state]} />{" "}
            <Told text={[status.ref, status.stamp ?? ""].join(" ").trim()} />{" "}
            <code>{shortDigest(status.digest)}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
