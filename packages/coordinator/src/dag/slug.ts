/** The names of DAGs, pools and deployments. */

import { z } from "zod";

const form = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const charactersMax = 64;

export const isSlug = (text: string): boolean => text.length <= charactersMax && form.test(text);

export const slug = z
  .string()
  .max(charactersMax)
  .regex(form, "expected lower-case letters and digits, joined by single hyphens");
