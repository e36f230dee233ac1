import { ProblemsError } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { newestTimes, parseCron, timesAfter } from "./cron.ts";
import { parseDag } from "./parse-dag.ts";

const rest = "name: d\nparams: { n: { type: integer, default: 1 }, who: { type: string, required: true } }\n";
const steps = "steps: [{ id: a, run: x }]\n";
const schedulesOf = (schedule: string, params = "name: d\n") =>
  parseDag(`${schedule}\n${params}${steps}`, "f.yaml").spec.schedules;

function problemsOf(schedule: string, params = "name: d\n"): string[] {
  try {
    schedulesOf(schedule, params);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.message.split("\n");
  }
  return expect.fail("it is accepted");
}

describe("a schedule is", () => {
  const defaults = { timezone: "UTC", catchUp: "none", overlap: "skip", params: {} };

  test.each([
    ["text", 'schedule: "30 2 * * *"', [{ cron: "30 2 * * *", ...defaults }]],
    ["with seconds", 'schedule: "*/2 * * * * *"', [{ cron: "*/2 * * * * *", ...defaults }]],
    ["a name", 'schedule: "@daily"', [{ cron: "@daily", ...defaults }]],
    [
      "an object",
      "schedule: { cron: 0 8 * * MON-FRI, timezone: Europe/Berlin, catchUp: all, overlap: queue }",
      [{ cron: "0 8 * * MON-FRI", timezone: "Europe/Berlin", catchUp: "all", overlap: "queue", params: {} }],
    ],
    [
      "a list of either",
      'schedule: ["@daily", { cron: "@hourly", overlap: cancel-previous }]',
      [
        { cron: "@daily", ...defaults },
        { cron: "@hourly", ...defaults, overlap: "cancel-previous" },
      ],
    ],
  ])("%s", (_, schedule, expected) => {
    expect(schedulesOf(schedule)).toEqual(expected);
  });

  test("nothing when there is none: the digest of a DAG without one stays", () => {
    expect("schedules" in parseDag(`name: d\n${steps}`, "f.yaml").spec).toBe(false);
  });
});

describe("what is wrong with a schedule is named with its place", () => {
  test.each<readonly [string, string, readonly string[]]>([
    ["four fields", 'schedule: "* * * *"', ["f.yaml:1:1: schedule: expected five fields such as"]],
    ["seven fields", 'schedule: "* * * * * * *"', ["schedule: expected five fields"]],
    ["a date", 'schedule: "2026-01-01T00:00:00"', ["schedule: expected five fields"]],
    [
      "a value that is none",
      "schedule: { cron: 61 * * * * }",
      ["schedule.cron: invalid value for minute: 61; expected five"],
    ],
    ["a time that never comes", 'schedule: ["0 0 30 2 *"]', ["schedule[0]: it has no time at all"]],
    ["a name of another program", 'schedule: "@reboot"', ["schedule: @reboot is not supported"]],
    ["no cron", "schedule:\n  timezone: UTC", ["f.yaml:1:1: schedule.cron: is required"]],
    [
      "an unknown zone",
      'schedule:\n  - cron: "@daily"\n    timezone: Europe/Berln',
      ['f.yaml:3:5: schedule[0].timezone: unknown time zone "Europe/Berln"; expected an IANA name'],
    ],
    ["an offset", 'schedule: { cron: "@daily", timezone: "+02:00" }', ['unknown time zone "+02:00"']],
    [
      "an unknown key",
      'schedule: { cron: "@daily", catchup: all }',
      ['unknown key "catchup"; did you mean "catchUp"?'],
    ],
    ["an unknown policy", 'schedule: { cron: "@daily", overlap: wait }', ["schedule.overlap: "]],
    ["a number", "schedule: 5", ["schedule: expected cron text, or {cron,"]],
    ["an empty list", "schedule: []", ["schedule: expected 1 to 20 schedules, found 0"]],
    [
      "two at once",
      'schedule: [{ cron: x, timezone: y }, "* *"]',
      ["schedule[0].cron", "schedule[0].timezone", "schedule[1]"],
    ],
  ])("%s", (_, schedule, expected) => {
    const problems = problemsOf(schedule);
    expect(problems).toHaveLength(expected.length);
    for (const [index, problem] of expected.entries()) expect(problems[index]).toContain(problem);
  });

  test("parameters are checked like those of a submission: nobody can be asked later", () => {
    expect(
      problemsOf('schedule: ["@daily", { cron: "@daily", params: { n: many, whom: you, who: me } }]', rest),
    ).toEqual([
      expect.stringContaining("schedule[0].params.who: is required"),
      expect.stringContaining(
        'schedule[1].params.whom: the DAG declares no parameter "whom"; did you mean "who"?',
      ),
      expect.stringContaining("schedule[1].params.n: does not fit"),
    ]);
  });
});

const iso = (times: readonly number[]) => times.map((time) => new Date(time).toISOString().slice(5, 16));

describe("where the clocks change in Berlin", () => {
  const spring = Date.UTC(2026, 2, 28, 23); // 2:00 to 3:00 lack on 29 March: 01:00Z
  const autumn = Date.UTC(2026, 9, 24, 22); // 2:00 to 3:00 come twice on 25 October: 00:00Z and 01:00Z

  test.each([
    ["a time in the gap: once, after it", "30 2 * * *", spring, ["03-29T01:00", "03-30T00:30"]],
    ["one of several in the gap: after it too", "30 2,14 * * *", spring, ["03-29T01:00", "03-29T12:30"]],
    [
      "two that fall together after the gap: once",
      "0 1-4 * * *",
      spring,
      ["03-29T00:00", "03-29T01:00", "03-29T02:00", "03-29T23:00"],
    ],
    ["every hour: no hour is added or lost", "0 * * * *", spring + 3_600_000, ["03-29T01:00", "03-29T02:00"]],
    ["every half hour: by elapsed time", "*/30 * * * *", spring + 5_400_000, ["03-29T01:00", "03-29T01:30"]],
    ["a time that comes twice: once, the first", "30 2 * * *", autumn, ["10-25T00:30", "10-26T01:30"]],
    ["one of several that comes twice: once", "30 2,14 * * *", autumn, ["10-25T00:30", "10-25T13:30"]],
    ["every hour: both", "0 * * * *", autumn + 3_600_000, ["10-25T00:00", "10-25T01:00", "10-25T02:00"]],
    ["midnight is not touched", "@daily", spring, ["03-29T22:00", "03-30T22:00"]],
  ])("%s", (_, cron, after, expected) => {
    const parsed = parseCron(cron, "Europe/Berlin");
    const times = timesAfter(parsed, after, expected.length);
    expect(iso(times)).toEqual(expected);
    // Looking back finds what looking ahead did.
    expect(newestTimes(parsed, after, times.at(-1) ?? 0, 50)).toEqual(times);
  });
});

test("the newest times of a range: bounded, both ends exact, whatever the milliseconds", () => {
  const cron = parseCron("*/10 * * * * *", "UTC");
  const noon = Date.UTC(2026, 0, 1, 12);
  const seconds = (after: number, upTo: number, count = 100) =>
    newestTimes(cron, noon + after, noon + upTo, count).map((time) => (time - noon) / 1000);
  expect(seconds(0, 30_000)).toEqual([10, 20, 30]);
  expect(seconds(-1, 29_999)).toEqual([0, 10, 20]);
  expect(seconds(1, 10_001)).toEqual([10]);
  expect(seconds(10_000, 19_999)).toEqual([]);
  expect(seconds(0, 60_000, 2)).toEqual([50, 60]);
});
