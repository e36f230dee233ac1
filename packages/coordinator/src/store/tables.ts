/** The verbs of all that is not the plain way of a run from its submission to its end. */

import { accessReads, accessWrites } from "./access-tables.ts";
import { controlReads, controlWrites } from "./control-tables.ts";
import { deploymentReads, deploymentWrites } from "./deployment-tables.ts";
import { familyReads, familyWrites } from "./family-tables.ts";
import { identityReads, identityWrites } from "./identity-tables.ts";
import { imageReads, imageWrites } from "./image-tables.ts";
import { placementReads, placementWrites } from "./placement-tables.ts";
import { retentionReads, retentionWrites } from "./retention-tables.ts";
import { scheduleReads, scheduleWrites } from "./schedule-tables.ts";

export const furtherWrites = {
  ...accessWrites,
  ...controlWrites,
  ...deploymentWrites,
  ...familyWrites,
  ...identityWrites,
  ...imageWrites,
  ...placementWrites,
  ...retentionWrites,
  ...scheduleWrites,
} as const;
export const furtherReads = {
  ...accessReads,
  ...controlReads,
  ...deploymentReads,
  ...familyReads,
  ...identityReads,
  ...imageReads,
  ...placementReads,
  ...retentionReads,
  ...scheduleReads,
} as const;
