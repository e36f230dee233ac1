/** Verbs of the images of workers. */

import { imagePermitsGive } from "./verbs/image-permits.ts";
import { imagesForget, imagesLast, imagesNote, imageTransitions } from "./verbs/image-verbs.ts";
import { ofLeader } from "./verbs/leader-verbs.ts";

export const imageWrites = { imagesNote, imagesForget: ofLeader(imagesForget), imagePermitsGive } as const;
export const imageReads = { imagesLast, imageTransitions } as const;
