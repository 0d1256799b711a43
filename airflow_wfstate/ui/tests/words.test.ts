import { describe, expect, it } from "vitest";

import { logAddress } from "../src/airflow/airflow";
import { parseExactly, sizeText } from "../src/server/json";
import { partsText } from "../src/steps/StepsBar";
import { durationText, workedText } from "../src/text/time";
import { changed, isFiltered, questionOf, statesOf } from "../src/list/workflowFilter";

describe("durationText", () => {
  it.each([
    [-5, "0s"],
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

describe("the filters in the address", () => {
  const now = Date.UTC(2026, 0, 2);
  it("become a question", () => {
    const address = new URLSearchParams("state=open&search=10&since=day&sort=key&flagged=true&cursor=c");
    expect(questionOf(address, undefined, now)).toEqual({
      cursor: "c",
      limit: 50,
      search: "10",
      since: "2026-01-01T00:00:00.000Z",
      sort: "key",
      state: ["running", "failed", "compensating", "compensation_failed"],
      stuck: true,
    });
  });
  it("ask for nothing that the server does not know", () => {
    expect(questionOf(new URLSearchParams("state=x&sort=x&since=x"), "d", now)).toEqual({
      dag_id: "d",
      limit: 50,
      sort: "-started_at",
    });
    expect(statesOf("nothing")).toEqual([]);
  });
  it("go back to the first page when one changes", () =>
    expect(changed(new URLSearchParams("cursor=c&state=failed"), { search: "1", state: "" }).toString()).toBe("search=1"));
  it("are told from none", () => {
    expect(isFiltered(new URLSearchParams("sort=key"))).toBe(false);
    expect(isFiltered(new URLSearchParams("dag=a"))).toBe(true);
  });
});

describe("workedText", () => {
  const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();
  const workflow = { ended_at: at(1442), forward_ended_at: at(2), started_at: at(0), state: "compensated" };
  it("tells the undo from the work", () => expect(workedText(workflow)).toBe("took 2s, undone 24m 0s later"));
  it("knows a success", () => expect(workedText({ ...workflow, ended_at: at(2), state: "succeeded" })).toBe("took 2s"));
  it("does not count the time after a failure as work", () =>
    expect(workedText({ ...workflow, ended_at: null, state: "failed" })).toMatch(/^open for .*, worked for 2s$/));
  it("is open while it runs", () =>
    expect(workedText({ ...workflow, ended_at: null, forward_ended_at: null, state: "running" })).toMatch(/^open for /));
});

describe("the bar of the steps", () => {
  const counts = { steps_compensated: 2, steps_done: 1, steps_failed: 1, steps_running: 0, steps_total: 5 };
  it("has what was undone apart from what failed", () =>
    expect(partsText(counts)).toBe("1 of 5 steps done, 2 undone, 1 failed"));
});
