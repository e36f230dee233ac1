/** A `deploy` step, checked before its DAG is accepted: what its keys mean together. */

import { posix } from "node:path";
import type { DeploySpec } from "@haversack/protocol";
import { namesItem } from "../runs/deployment-name.ts";
import { hasExpression } from "../runs/expressions.ts";
import { isSlug } from "./slug.ts";
import type { YamlPath } from "./yaml-source.ts";

export interface DeployCheck {
  /** Of `deploy`. */
  readonly at: YamlPath;
  readonly problem: (path: YamlPath, code: string, message: string) => void;
  /** Checks the expressions of a text. */
  readonly template: (path: YamlPath, text: string) => void;
  /** As `template`, of what is decided before the step is ready. */
  readonly early: (path: YamlPath, text: string) => void;
  /** It is done for items. */
  readonly hasItems: boolean;
  readonly env: (path: YamlPath, env: Readonly<Record<string, string>>) => void;
}

/** What a container must not have laid over. */
const ownedPaths = ["/proc", "/sys", "/dev", "/etc", "/usr", "/run/haversack"];

export function checkDeploy(deploy: DeploySpec, check: DeployCheck): void {
  const { at, template } = check;
  checkName(deploy, check);
  for (const [index, text] of (deploy.command ?? []).entries()) template([...at, "command", index], text);
  check.env([...at, "env"], deploy.env);
  checkPorts(deploy, check);
  checkHealth(deploy, check);
  checkVolumes(deploy, check);
}

function checkName({ name }: DeploySpec, { at, problem, early, hasItems }: DeployCheck): void {
  const place = [...at, "name"];
  if (hasExpression(name)) early(place, name);
  else if (!isSlug(name)) {
    const message =
      "expected lower-case letters and digits, joined by single hyphens, at most 64, or an expression";
    return problem(place, "bad_deployment_name", message);
  }
  if (hasItems && !namesItem(name)) {
    const message =
      "each item would replace what the one before deployed: name the item in it, such as web-${{ index }}";
    problem(place, "bad_deployment_name", message);
  }
}

function checkPorts({ ports }: DeploySpec, { at, problem }: DeployCheck): void {
  for (const [index, port] of ports.entries()) {
    if (ports.indexOf(port) < index) problem([...at, "ports", index], "bad_value", `${port} is listed twice`);
  }
}

function checkHealth({ health }: DeploySpec, { at, problem }: DeployCheck): void {
  if (health === undefined) return;
  const place = [...at, "health"];
  const ways = [health.http, health.tcp, health.command].filter((way) => way !== undefined).length;
  if (ways !== 1) problem(place, "bad_value", `expected exactly one of http, tcp, command; found ${ways}`);
  else if (health.command === undefined && health.port === undefined) {
    problem(place, "bad_value", "expected the `port` to ask");
  }
  if (health.timeoutMs > health.withinMs) {
    problem(
      [...place, "timeout"],
      "bad_value",
      "one probe may not take longer than `within`, the time for all",
    );
  }
}

function checkVolumes({ volumes, replace }: DeploySpec, { at, problem }: DeployCheck): void {
  for (const [index, { name, path, readOnly }] of volumes.entries()) {
    const place = [...at, "volumes", index];
    const earlier = volumes.slice(0, index);
    if (earlier.some((other) => other.name === name))
      problem([...place, "name"], "bad_value", `"${name}" is listed twice`);
    const wrong = pathProblem(
      path,
      earlier.map((other) => other.path),
    );
    if (wrong !== undefined) problem([...place, "path"], "bad_path", wrong);
    if (replace === "start-first" && !readOnly) {
      const message =
        "`replace: start-first` runs the old and the new one side by side, which must not write to one volume; use stop-first, or readOnly";
      problem(place, "bad_value", message);
    }
  }
}

function pathProblem(path: string, earlier: readonly string[]): string | undefined {
  if (!path.startsWith("/") || posix.normalize(path) !== path || path === "/" || path.endsWith("/")) {
    return "expected an absolute path such as /var/lib/data, without . or .. or a slash at its end";
  }
  const owner = ownedPaths.find((owned) => isWithin(path, owned));
  if (owner !== undefined) return `${owner} belongs to the container; use another path`;
  const other = earlier.find((each) => isWithin(path, each) || isWithin(each, path));
  return other === undefined ? undefined : `lies within or around ${other}, another volume`;
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
