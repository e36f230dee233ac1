/** What the page needs of this package: nouns, their wire forms and the clients of some services, nothing of Node. */

export type { AccessClient, Identity } from "./client-access.ts";
export { accessClient } from "./client-access.ts";
export { type DeploymentClient, deploymentClient } from "./client-deployments.ts";
export { type ImageClient, type ImageList, imageClient } from "./client-images.ts";
export { type FleetClient, fleetClient } from "./client-placement.ts";
export type * from "./model/access.ts";
export type * from "./model/base-image.ts";
export type * from "./model/deployment.ts";
export type * from "./model/deployment-info.ts";
export {
  type BootId,
  type Digest,
  parseBootId,
  parseDigest,
  parseWorkerId,
  type WorkerId,
} from "./model/ids.ts";
export * from "./model/image.ts";
export type * from "./model/image-order.ts";
export * from "./model/image-states.ts";
export type * from "./model/prefetch-policy.ts";
export * from "./model/wanted-digest.ts";
export type * from "./model/worker-info.ts";
export { AccessService, DeploymentService, FleetService, ImageService } from "./services.ts";
