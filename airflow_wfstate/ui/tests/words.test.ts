import { describe, expect, it } from "vitest";

import { logAddress } from "../src/airflow/airflow";
import { parseExactly, sizeText } from "../src/server/json";
import { partsText } from "../src/steps/StepsBar";
import { errorLine } from "../src/text/errorLine";
import { durationText, latenessText, undoneText, workedText } from "../src/text/time";

describe("durationText", () => {
  it.each([
    [-5, "0s"],
    [0, "0ms"],
    [412, "412ms"],
    [9_999, "9999ms"],
    [10_000, "10s"],
    [45_000, "45s"],
    [200_000, "3m 20s"],
    [7_500_000, "2h 5m"],
    [349_200_000, "4d 1h"],
  ])("%i ms", (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));
});

describe("parseExactly", () => {
  it("reads what a browser keeps as it is", () => expect(parseExactly('{"a": [1, null]}')).toEqual({ a: [1, null] }));
  it.each(["NaN", "[Infinity]", "12345678901234567890", "not json"])("leaves %s as it is stored", (text) =>
    expect(parseExactly(text)).toBeUndefined(),
  );
});

describe("sizeText", () => {
  it.each([
    [12, "12 bytes"],
    [2048, "2.0 KiB"],
    [3_145_728, "3.0 MiB"],
  ])("%i", (bytes, text) => expect(sizeText(bytes)).toBe(text));
});

describe("logAddress", () => {
  const task = { dag_id: "a", map_index: -1, run_id: "manual__2026-01-01T00:00:00+00:00", task_id: "g.t", try_number: 2 };
  it("escapes the run", () =>
    expect(logAddress(task)).toBe("/dags/a/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/g.t?try_number=2"));
  it("names the item of a mapped task", () =>
    expect(logAddress({ ...task, map_index: 3 })).toContain("/tasks/g.t/mapped/3?"));
});

describe("what a workflow took", () => {
  const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();
  const workflow = { deadline_at: null, ended_at: at(1442), forward_ended_at: at(2), started_at: at(0), state: "compensated" };
  const running = { ...workflow, ended_at: null, forward_ended_at: null, state: "running" };
  it("is apart from the wait for its undo, and the undo", () => {
    expect(workedText(workflow)).toBe("2000ms");
    expect(undoneText(workflow)).toBe("24m 0s");
  });
  it("has no undo after a success", () => expect(undoneText({ ...workflow, state: "succeeded" })).toBeUndefined());
  it("grows while it runs", () => expect(workedText(running)).toMatch(/d \d+h$/));
  it("is late when the deadline is passed, or was missed", () => {
    const now = Date.parse(at(60));
    expect(latenessText({ ...running, deadline_at: at(0) }, now)).toBe("passed 1m 0s ago");
    expect(latenessText({ ...running, deadline_at: at(61) }, now)).toBeUndefined();
    expect(latenessText({ ...workflow, deadline_at: at(1402) }, now)).toBe("missed by 40s");
    expect(latenessText({ ...workflow, deadline_at: at(3), state: "succeeded" }, now)).toBeUndefined();
    expect(latenessText(running, now)).toBeUndefined();
  });
});

describe("errorLine", () => {
  const frames = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\n';
  it.each([
    ["ValueError: card declined", "ValueError: card declined"],
    ["\n first\nsecond", "first"],
    [`Step a failed: ${frames}ValueError: card declined\nsecond`, "ValueError: card declined"],
    [`${frames}KeyError: 'a'\n\nDuring handling, another:\n\n${frames}ValueError: b\n`, "ValueError: b"],
    ["", ""],
  ])("of %j", (error, line) => expect(errorLine(error)).toBe(line));
});

describe("the bar of the steps", () => {
  const counts = { steps_compensated: 2, steps_done: 1, steps_failed: 1, steps_running: 0, steps_total: 5 };
  it("has what was undone apart from what failed", () =>
    expect(partsText(counts)).toBe("1 of 5 steps done, 2 undone, 1 failed"));
});
