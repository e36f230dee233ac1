import { Command } from "commander";
import type { Shell } from "../shell.ts";

export function validateCommand(_shell: Shell): Command {
  return new Command("validate");
}
