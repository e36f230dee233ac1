/** What can be asked of the base image on a worker. Cancel asks back. */

import type { Identity } from "@haversack/protocol";
import { useState } from "react";
import { Action } from "../parts/action.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { usePage } from "../parts/page-context.ts";
import { canEnd, type ImageRow, whyNoCancel, whyNoPull } from "../store/image-rows.ts";

interface ButtonsParts {
  readonly row: ImageRow;
  readonly who: Identity;
  readonly isBusy: boolean;
}

export function ImageButtons({ row, who, isBusy }: ButtonsParts) {
  const page = usePage();
  const [isAsking, setAsking] = useState(false);
  const about = `base image on ${row.workerName}`;
  const busy = isBusy ? "The worker was asked" : undefined;
  return (
    <div className="actions">
      {canEnd(row) && (
        <Action
          label="Cancel"
          about={about}
          whyNot={busy ?? whyNoCancel(row, who)}
          onPress={() => setAsking(true)}
        />
      )}
      <Action
        label="Pull"
        about={about}
        tone="main"
        whyNot={busy ?? whyNoPull(row, who)}
        onPress={() => page.pull(row.workerId)}
      />
      {isAsking && (
        <Confirm
          title={`Cancel the image on ${row.workerName}?`}
          text="The download ends. What is there already is kept for a day, and a later pull goes on from it. Deploys build meanwhile."
          yes="Cancel it"
          no="Let it go on"
          onYes={() => page.cancel(row.workerId)}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
