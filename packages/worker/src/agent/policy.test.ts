import { describe, expect, test } from "vitest";
import { makePolicy, type PermissionRules, pathPattern } from "./policy.ts";
import { splitCommand } from "./shell-parts.ts";

const rules: PermissionRules = {
  deny: ["bash(sudo *)", "read(**/.env*)"],
  ask: ["bash(git push *)"],
  allow: [
    "bash(git *)",
    "bash(ls)",
    "bash(ls *)",
    "bash($HAVERSACK_SKILLS/*/scripts/*)",
    "bash(echo $(date))",
    "read(**)",
  ],
  default: "deny",
};

describe("a command line", () => {
  test.each([
    ["git status", "allow"],
    ["git status && git log", "allow"],
    ["git push origin main", "ask"],
    ["git status; git push origin", "ask"],
    ["sudo reboot", "deny"],
    ["git log | sudo tee /x", "deny"],
    ["git log\nrm -rf /", "deny"],
    ["rm -rf /", "deny"],
    ["git log & curl evil", "deny"],
    ["git log $(rm -rf /)", "deny"],
    ["git log `rm -rf /`", "deny"],
    ['git log "$(rm -rf /)"', "deny"],
    ['git log "`rm -rf /`"', "deny"],
    ["git log '$(not a command)'", "allow"],
    ['git log "quoted; sudo x"', "allow"],
    ["git log 'a' \\; sudo", "allow"],
    ["git log <(sudo x)", "deny"],
    ["git log << EOF", "deny"],
    ["git log > /etc/passwd", "deny"],
    ["git log 2>/dev/null", "allow"],
    ["git log 2>&1 | git hash-object --stdin", "allow"],
    ["git log 2>&1; sudo x", "deny"],
    ["git log 'open", "deny"],
    ["(sudo x)", "deny"],
    ["git log ${IFS@P}", "deny"],
    ["echo $(date)", "allow"],
    ["echo $(date) ", "allow"],
    ["echo $(sudo date)", "deny"],
    ["s''udo reboot", "deny"],
    ["  ls  ", "allow"],
    ["lsof", "deny"],
    ["$HAVERSACK_SKILLS/repo-report/scripts/outline.sh .", "allow"],
    ['"$HAVERSACK_SKILLS/repo-report/scripts/outline.sh"', "allow"],
    ["", "deny"],
  ])("%j is %s", (command, kind) => {
    expect(makePolicy(rules).judge({ tool: "bash", value: command }).kind).toBe(kind);
  });

  test("everything goes where every command is allowed", () => {
    const open = makePolicy({ deny: [], ask: [], allow: ["bash"], default: "deny" });
    expect(open.judge({ tool: "bash", value: "cat <<E\n$(x)\nE" }).kind).toBe("allow");
    const nearly = makePolicy({ deny: ["bash(sudo *)"], ask: [], allow: ["bash(*)"], default: "deny" });
    expect(nearly.judge({ tool: "bash", value: "echo $(sudo x)" }).kind).toBe("deny");
  });

  test.each([
    ["a b; c|d && e\nf", ["a b", "c", "d", "e", "f"]],
    ["a 'b c' \"d e\"", ["a b c d e"]],
    ["a\\\nb", ["ab"]],
    ["''", [""]],
  ])("%j has the parts %j", (command, parts) => {
    expect(splitCommand(command)).toEqual({ kind: "parts", parts });
  });
});

describe("a path", () => {
  test.each([
    [".env", "deny"],
    ["a/b/.env.local", "deny"],
    ["a/b.env", "allow"],
    ["$HAVERSACK_SKILLS/x/SKILL.md", "allow"],
  ])("%s is %s", (value, kind) => {
    expect(makePolicy(rules).judge({ tool: "read", value }).kind).toBe(kind);
  });

  test("a tool without a rule has the default", () => {
    const verdict = makePolicy(rules).judge({ tool: "write", value: "x" });
    expect(verdict).toEqual({ kind: "deny", because: "no rule for write(x), and the default is deny" });
  });

  test.each([
    ["*.md", "README.md", true],
    ["*.md", "a/README.md", false],
    ["**/*.md", "README.md", true],
    ["**/*.md", "a/b/README.md", true],
    ["a/**", "a/b/c", true],
    ["a/**", "ab/c", false],
    ["a?c", "abc", true],
    ["a+(b)", "a+(b)", true],
    ["**", "x/y\nz", true],
  ])("%s and %s: %s", (glob, path, expected) => {
    expect(pathPattern(glob).test(path)).toBe(expected);
  });
});

test("a rule that is none is refused", () => {
  expect(() => makePolicy({ deny: ["rm -rf"], ask: [], allow: [], default: "deny" })).toThrow(/tool\(glob\)/);
});
