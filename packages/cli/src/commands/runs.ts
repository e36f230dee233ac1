import { Command } from "commander";
import type { Shell } from "../shell.ts";

export function runsCommand(_shell: Shell): Command {
  return new Command("runs");
}
