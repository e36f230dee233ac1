/** Services whose answer another coordinator may have: the one that the worker is connected to. */

import { createClient, type ServiceImpl } from "@connectrpc/connect";
import { DeploymentService, ImageService } from "@haversack/protocol";
import type { Relay } from "../relay/relay.ts";

type Images = ServiceImpl<typeof ImageService>;
type Deployments = ServiceImpl<typeof DeploymentService>;

/** What is known of an image is told by whoever is asked, when the worker's own coordinator does not answer. */
export function imagesAnywhere(own: Images, relay: Relay): Images {
  return {
    ...own,
    status: (asked, context) =>
      relay.once(
        { worker: asked.worker, context, elseHere: true },
        ({ transport, options }) => createClient(ImageService, transport).status(asked, options),
        async () => await own.status(asked, context),
      ),
    pull: (asked, context) =>
      relay.once(
        { worker: asked.worker, context, elseHere: false },
        ({ transport, options }) => createClient(ImageService, transport).pull(asked, options),
        async () => await own.pull(asked, context),
      ),
    cancel: (asked, context) =>
      relay.once(
        { worker: asked.worker, context, elseHere: false },
        ({ transport, options }) => createClient(ImageService, transport).cancel(asked, options),
        async () => await own.cancel(asked, context),
      ),
    watch: (asked, context) =>
      asked.worker === ""
        ? own.watch(asked, context)
        : relay.stream(
            { worker: asked.worker, context, elseHere: true },
            ({ transport, options }) => createClient(ImageService, transport).watch(asked, options),
            (signal) => own.watch(asked, { ...context, signal }),
          ),
  };
}

/** @param workerOf id of the worker that a deployment stands on; undefined: it stands nowhere, and whoever is asked says so */
export function logsAnywhere(
  own: Deployments,
  relay: Relay,
  workerOf: (name: string) => Promise<string | undefined>,
): Deployments {
  return {
    ...own,
    async *readDeploymentLog(asked, context) {
      const worker = await workerOf(asked.name);
      if (worker === undefined) return yield* own.readDeploymentLog(asked, context);
      yield* relay.stream(
        { worker, context, elseHere: false },
        ({ transport, options }) =>
          createClient(DeploymentService, transport).readDeploymentLog(asked, options),
        (signal) => own.readDeploymentLog(asked, { ...context, signal }),
      );
    },
  };
}
