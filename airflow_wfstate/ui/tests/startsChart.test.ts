import { describe, expect, it } from "vitest";

import { windowOf } from "../src/list/StartsChart";

describe("windowOf", () => {
  const now = Date.UTC(2026, 0, 2, 12);
  const windowIn = (since: string | undefined, until: string | undefined) => windowOf(since, until, now);

  it("is the last day without filters", () =>
    expect(windowIn(undefined, undefined)).toEqual({
      from: now + 60_000 - 86_400_000,
      isLastDay: true,
      to: now + 60_000,
      whyEmpty: undefined,
    }));
  it("is what the filters say", () =>
    expect(windowIn("2026-01-01T00:00:00Z", "2026-01-01T00:00:30Z")).toEqual({
      from: Date.UTC(2026, 0, 1),
      isLastDay: false,
      to: Date.UTC(2026, 0, 1, 0, 0, 30),
      whyEmpty: undefined,
    }));
  it("does not reach into the future", () =>
    expect(windowIn(undefined, "2036-01-01T00:00:00Z")).toMatchObject({ to: now + 60_000, whyEmpty: undefined }));
  it.each([
    ["2026-01-02T13:00:00Z", undefined, "its start is later than now"],
    ["2026-01-02T13:00:00Z", "2026-01-02T14:00:00Z", "its start is later than now"],
    ["2026-01-02T11:00:00Z", "2026-01-02T10:00:00Z", "its start is not before its end"],
    ["2026-01-02T11:00:00Z", "2026-01-02T11:00:00Z", "its start is not before its end"],
  ])("says why there is nothing from %s to %s", (since, until, why) =>
    expect(windowIn(since, until).whyEmpty).toBe(why));
});
