/** Verbs of the images of workers. */

import { imagesForget, imagesLast, imagesNote, imageTransitions } from "./verbs/image-verbs.ts";
import { ofLeader } from "./verbs/leader-verbs.ts";

export const imageWrites = { imagesNote, imagesForget: ofLeader(imagesForget) } as const;
export const imageReads = { imagesLast, imageTransitions } as const;
