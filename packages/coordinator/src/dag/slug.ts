/** The names of DAGs, pools and deployments. */

import { z } from "zod";
import { slugCharactersMax, slugForm } from "../runs/slug-form.ts";

export { isSlug } from "../runs/slug-form.ts";

export const slug = z
  .string()
  .max(slugCharactersMax)
  .regex(slugForm, "expected lower-case letters and digits, joined by single hyphens");
