import { describe, expect, it } from "vitest";

import { countTicks, labelStep } from "../src/charts/axis";
import { kindsOf, subjects } from "../src/journal/entryKinds";
import { barText, secondsText } from "../src/names/durations";
import { nameQuestion, windowOf } from "../src/names/nameWindow";
import { stretchesOf } from "../src/names/stretches";
import type { NameStats } from "../src/server/model";

describe("countTicks", () => {
  it.each([
    [0, [0, 1]],
    [3, [0, 1, 2, 3]],
    [17, [0, 5, 10, 15, 20]],
    [50_000, [0, 20_000, 40_000, 60_000]],
  ])("up to %i", (highest, ticks) => expect(countTicks(highest)).toEqual(ticks));
});

describe("labelStep", () => {
  it("writes as many labels as there is room for", () => expect(labelStep(56, 560, 80)).toBe(8));
  it("survives a chart without room", () => expect(labelStep(10, 0, 80)).toBeGreaterThan(0));
});

describe("durations", () => {
  it.each([
    [0.25, "250ms"],
    [2.34, "2.3s"],
    [75, "1m 15s"],
  ])("%d s", (seconds, text) => expect(secondsText(seconds)).toBe(text));
  it.each([
    [{ from_seconds: 0, to_seconds: 0.1, workflows: 1 }, "0 to 100ms"],
    [{ from_seconds: 1200, to_seconds: 1800, workflows: 1 }, "20m to 30m"],
    [{ from_seconds: 43_200, to_seconds: 86_400, workflows: 1 }, "12h to 1d"],
    [{ from_seconds: 2_592_000, to_seconds: null, workflows: 1 }, "30d or more"],
  ])("bar %o", (bar, text) => expect(barText(bar)).toBe(text));
});

describe("the window of a name", () => {
  it("is a week unless the address names another", () => {
    expect(windowOf(new URLSearchParams("since=day"))).toBe("day");
    expect(windowOf(new URLSearchParams("since=constructor"))).toBe("week");
  });
  it("ends after this minute", () =>
    expect(nameQuestion("a", "hour", 3_600_000)).toEqual({
      name: "a",
      since: "1970-01-01T00:00:00.000Z",
      until: "1970-01-01T01:01:00.000Z",
    }));
});

describe("stretchesOf", () => {
  const stats = {
    bucket_seconds: 3600,
    buckets: [{ at: "2026-01-01T01:00:00Z", by_state: { failed: 2 } }],
    counted_since: null,
    since: "2026-01-01T00:30:00Z",
    until: "2026-01-01T03:00:00Z",
  } as unknown as NameStats;
  it("has a bar also where nothing started", () =>
    expect(stretchesOf(stats).map((stretch) => [stretch.at.slice(11, 16), stretch.by_state])).toEqual([
      ["00:00", {}],
      ["01:00", { failed: 2 }],
      ["02:00", {}],
    ]));
  it("begins where counting began", () =>
    expect(stretchesOf({ ...stats, counted_since: "2026-01-01T02:10:00Z" })).toHaveLength(1));
});

describe("kindsOf", () => {
  it("is no limit for everything", () => expect(kindsOf("")).toEqual([]));
  it("has kinds for every other subject", () => {
    for (const subject of Object.keys(subjects).filter((name) => name !== "")) {
      expect(kindsOf(subject).length, subject).toBeGreaterThan(0);
    }
  });
  it("finds failures of all sorts", () => expect(kindsOf("failures")).toContain("compensation.attempt_failed"));
});
