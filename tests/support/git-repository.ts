import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A repository with a known content. */
export async function makeRepository(folder: string): Promise<string> {
  const git = (...args: string[]): void => {
    const identity = [
      "-c",
      "user.name=Ann",
      "-c",
      "user.email=ann@example.com",
      "-c",
      "init.defaultBranch=main",
    ];
    execFileSync("git", [...identity, ...args], { cwd: folder, stdio: "ignore" });
  };
  git("init");
  await writeFile(join(folder, "a file.ts"), "export const a = 1; // TODO: more\n");
  git("add", ".");
  git("commit", "-m", "first");
  await writeFile(join(folder, "b.md"), "# b\n\ntext\n");
  git("add", ".");
  git("commit", "-m", "second");
  return folder;
}
