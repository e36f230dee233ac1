/** The calls that the page makes, by Connect over fetch; nouns in, nouns out, faults thrown. */

import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { FaultError } from "@haversack/base";
import {
  type AccessClient,
  AccessService,
  accessClient,
  type DeploymentClient,
  DeploymentService,
  deploymentClient,
  type FleetClient,
  FleetService,
  fleetClient,
  type ImageClient,
  ImageService,
  imageClient,
} from "@haversack/protocol";

export interface PageClient
  extends Pick<AccessClient, "whoAmI">,
    Pick<FleetClient, "watchWorkers">,
    Pick<ImageClient, "images" | "watchImages" | "pullImage" | "cancelImage">,
    Pick<DeploymentClient, "deployments"> {}

export function createPageClient(baseUrl: string, token: string): PageClient {
  const bearer: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const transport = createConnectTransport({
    baseUrl,
    interceptors: [bearer],
    fetch: (input, init) =>
      fetch(input, { ...init, credentials: "omit", cache: "no-store", redirect: "error" }),
  });
  return {
    ...accessClient(createClient(AccessService, transport)),
    ...fleetClient(createClient(FleetService, transport)),
    ...imageClient(createClient(ImageService, transport)),
    ...deploymentClient(createClient(DeploymentService, transport)),
  };
}

/** The token is none (any more): nothing that is asked with it will be answered. */
export const isUnauthenticated = (error: unknown): boolean =>
  error instanceof FaultError && error.fault === "denied" && error.code === "unauthenticated";

const unreachable: readonly string[] = ["unavailable", "cancelled", "bug"];

/** For people. A connection that broke says so in the words of each browser. */
export function problemText(error: unknown): string {
  if (!(error instanceof FaultError)) return "The page failed; reload it";
  if (error.fault === "denied") return `Not permitted: ${error.message}`;
  const isCut =
    unreachable.includes(error.fault) && /fetch|network|connection|load failed/i.test(error.message);
  return isCut ? "The coordinator does not answer" : error.message;
}
