import { Command } from "commander";
import type { Shell } from "../shell.ts";

export function artifactCommand(_shell: Shell): Command {
  return new Command("artifact");
}
