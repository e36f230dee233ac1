/** `deploy` of a step: the shape of what is to run as a container on a worker's host. */

import { parseDuration } from "@haversack/base";
import { z } from "zod";
import { slug } from "./slug.ts";

const textMax = 64 * 1024;
const portsMax = 64;
const volumesMax = 32;

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: "custom", message: "expected a duration such as 500ms, 90s, 20m or 1h30m" });
  return z.NEVER;
});
const port = z.int().min(1).max(65_535);
const argv = z.array(z.string().min(1).max(textMax)).min(1).max(1000);

const health = z.strictObject({
  http: z
    .string()
    .max(2000)
    .regex(/^\/\S*$/, "expected a path such as /healthz")
    .optional(),
  tcp: z.boolean().optional(),
  command: argv.optional(),
  port: port.optional(),
  interval: duration.default(5000),
  timeout: duration.default(3000),
  within: duration.default(90_000),
});

const resources = z.strictObject({
  /** Cores. */
  cpu: z.number().positive().max(1024).optional(),
  memory: z
    .string()
    .regex(/^[1-9][0-9]{0,8}(Ki|Mi|Gi)$/, "expected a size such as 512Mi or 2Gi")
    .optional(),
  pids: z.int().min(1).max(1_000_000).optional(),
});

const volume = z.strictObject({
  name: slug,
  path: z.string().max(240),
  readOnly: z.boolean().default(false),
});

export const deploySchema = z.strictObject({
  name: z.string().min(1).max(textMax),
  agent: slug.optional(),
  image: z
    .string()
    .max(1000)
    .regex(
      /^(base|[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64})$/,
      "expected base, or an image by digest such as ghcr.io/owner/name@sha256:…",
    )
    .optional(),
  command: argv.optional(),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected a variable name such as LOG_LEVEL"),
      z.union([z.string().max(textMax), z.number(), z.boolean()]).transform(String),
    )
    .optional(),
  ports: z.array(port).max(portsMax).optional(),
  health: health.optional(),
  restart: z.enum(["always", "on-failure", "never"]).optional(),
  resources: resources.optional(),
  volumes: z.array(volume).max(volumesMax).optional(),
  replace: z.enum(["stop-first", "start-first"]).optional(),
  rollback: z.enum(["on-failure", "never"]).optional(),
  ttl: duration.optional(),
  waitForImage: duration.optional(),
  state: z.enum(["running", "absent"]).optional(),
  removeVolumes: z.boolean().optional(),
});

export type DeployFile = z.infer<typeof deploySchema>;
