/** What we read of LXD's and Incus' answers. They grow with every version, so nothing else of them is looked at. */

import * as z from "zod";

const texts = z.record(z.string(), z.string());

export const serverForm = z.looseObject({
  config: z.record(z.string(), z.unknown()).default({}),
  environment: z.looseObject({
    architectures: z.array(z.string()).default([]),
    kernel_architecture: z.string().optional(),
    /** `lxd` or `incus`. */
    server: z.string().optional(),
    server_version: z.string(),
  }),
});

export const imageForm = z.looseObject({
  fingerprint: z.string(),
  architecture: z.string(),
  created_at: z.string().optional(),
  properties: texts.nullish(),
});
export const imagesForm = z.array(imageForm);
export type LxdImage = z.infer<typeof imageForm>;

const addressForm = z.looseObject({ family: z.string(), address: z.string(), scope: z.string() });

/** Ranges of users and groups inside, and where they begin on the host. */
export const idMapForm = z.array(z.looseObject({ Isuid: z.boolean(), Nsid: z.number(), Hostid: z.number() }));

export const instanceForm = z.looseObject({
  name: z.string(),
  status: z.string(),
  last_used_at: z.string().optional(),
  expanded_config: texts.default({}),
  expanded_devices: z.record(z.string(), texts).default({}),
  state: z
    .looseObject({
      network: z.record(z.string(), z.looseObject({ addresses: z.array(addressForm).nullish() })).nullish(),
    })
    .nullish(),
});
export const instancesForm = z.array(instanceForm);
export type LxdInstance = z.infer<typeof instanceForm>;

/** Ours for theirs; what we have no word for stays theirs. */
export function archOf(theirs: string): string {
  if (theirs === "x86_64") return "x64";
  return theirs === "aarch64" ? "arm64" : theirs;
}
export const theirArch = (ours: string): string => {
  if (ours === "x64") return "x86_64";
  return ours === "arm64" ? "aarch64" : ours;
};
