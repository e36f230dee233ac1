import { Command } from "commander";
import type { Shell } from "../shell.ts";

export function snapshotCommand(_shell: Shell): Command {
  return new Command("snapshot");
}
