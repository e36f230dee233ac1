/** What we read of LXD's and Incus' answers about the host: pools, networks, the operator's profile. */

import * as z from "zod";

const texts = z.record(z.string(), z.string());

const poolForm = z.looseObject({ name: z.string(), driver: z.string() });
export const poolsForm = z.array(poolForm);
export type LxdPool = z.infer<typeof poolForm>;
export const profileForm = z.looseObject({ devices: z.record(z.string(), texts).default({}) });

const networkForm = z.looseObject({
  name: z.string(),
  type: z.string(),
  managed: z.boolean(),
  config: texts.default({}),
});
export const networksForm = z.array(networkForm);
export type LxdNetwork = z.infer<typeof networkForm>;

export const leasesForm = z.array(z.looseObject({ address: z.string() }));
