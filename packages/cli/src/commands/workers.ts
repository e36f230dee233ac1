import { Command } from "commander";
import type { Shell } from "../shell.ts";

export function workersCommand(_shell: Shell): Command {
  return new Command("workers");
}
