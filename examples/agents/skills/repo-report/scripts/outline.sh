#!/usr/bin/env bash
# Prints the report with every figure and table filled in from the fact files, and places marked for the prose.
# Usage: outline.sh [folder with the fact files, default: the current one]
set -euo pipefail
export LC_ALL=C
facts=${1:-.}
template=$(dirname "$0")/../assets/template.md
for file in history languages largest todos; do
  if [ ! -f "$facts/$file.txt" ]; then
    echo "outline.sh: $facts/$file.txt is missing" >&2
    exit 2
  fi
done

awk -v facts="$facts" '
  # The value of "key: value" in a fact file.
  function fact(file, key,  line, value) {
    while ((getline line < (facts "/" file)) > 0)
      if (value == "" && index(line, key ": ") == 1) value = substr(line, length(key) + 3)
    close(facts "/" file)
    return value
  }
  # Safe between backticks, and in a cell of a table.
  function quoted(text) { gsub(/`/, "\047", text); return text }
  function cell(text) { gsub(/\|/, "\\|", text); return quoted(text) }
  # The lines below the line `from`, up to an empty line, as a table or a list.
  function block(file, from, kind,  line, on, out, part, rest, count) {
    while ((getline line < (facts "/" file)) > 0) {
      if (on && line == "") break
      if (on) {
        split(line, part, " ")
        rest = line; sub(/^ *[^ ]+ +/, "", rest)
        count++
        if (kind == "languages") { sub(/^[^ ]+ +/, "", rest); out = out "\n| " cell(rest) " | " part[2] " | " part[1] " |" }
        else if (kind == "note") out = out (count > 1 ? "\n" : "") "- `" quoted(line) "`"
        else out = out "\n| " (kind == "file" ? "`" cell(rest) "`" : cell(rest)) " | " part[1] " |"
      }
      if (line == from) on = 1
    }
    close(facts "/" file)
    if (count == 0) return "None."
    if (kind == "languages") return "| language | files | lines |\n| --- | ---: | ---: |" out
    if (kind == "file") return "| file | bytes |\n| --- | ---: |" out
    if (kind == "year") return "| year | commits |\n| --- | ---: |" out
    return out
  }
  BEGIN {
    value["name"] = fact("history.txt", "repository"); value["commit"] = fact("history.txt", "commit")
    value["commits"] = fact("history.txt", "commits"); value["authors"] = fact("history.txt", "authors")
    value["first"] = fact("history.txt", "first day"); value["last"] = fact("history.txt", "last day")
    value["files"] = fact("languages.txt", "files"); value["lines"] = fact("languages.txt", "lines")
    value["bytes"] = fact("largest.txt", "bytes"); value["notes"] = fact("todos.txt", "notes")
    value["years"] = block("history.txt", "commits by year:", "year")
    value["languages"] = block("languages.txt", "lines files language:", "languages")
    value["largest"] = block("largest.txt", "bytes file:", "file")
    value["todos"] = block("todos.txt", "file:line:text:", "note")
  }
  {
    # From left to right, and never again over what was put in.
    out = ""
    while (match($0, /@[a-z]+@/)) {
      out = out substr($0, 1, RSTART - 1) value[substr($0, RSTART + 1, RLENGTH - 2)]
      $0 = substr($0, RSTART + RLENGTH)
    }
    print out $0
  }' "$template"
