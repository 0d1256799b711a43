import { beforeEach, describe, expect, it, vi } from "vitest";

import { defaultViews, savedViews, saveViews, withView } from "../src/list/views";
import { changed, filtersOf, isFiltered, questionOf, statesOf, unknownStatesOf, viewOf, withLabel, withoutLabel } from "../src/list/workflowFilter";
import { momentOf } from "../src/text/time";

const kept = new Map<string, string>();

beforeEach(() => {
  kept.clear();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
  });
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
  it.each([
    ["", ""],
    ["open", ""],
    ["failed,running", ""],
    ["failed,bogus,Running", "bogus,Running"],
    ["failed,open", "open"],
  ])("are no states in part: %s", (names, unknown) => {
    expect(unknownStatesOf(names)).toBe(unknown);
  });
  it("go back to the first page when one changes", () =>
    expect(changed(new URLSearchParams("cursor=c&state=failed"), { search: "1", state: "" }).toString()).toBe("search=1"));
  it("are told from none", () => {
    expect(isFiltered(new URLSearchParams("sort=key"))).toBe(false);
    expect(isFiltered(new URLSearchParams("dag=a"))).toBe(true);
  });
  it("have labels, a step's state and times", () => {
    const address = new URLSearchParams("label=region%3Deu&label=bad&step=lost&from=2026-01-01T00:00:00Z&to=x&since=day");
    expect(filtersOf(address, undefined, now)).toEqual({
      label: ["region=eu"],
      since: "2026-01-01T00:00:00.000Z",
      step_state: ["lost"],
    });
  });
  it("count together where two are about the begin", () => {
    const since = (text: string) => filtersOf(new URLSearchParams(text), undefined, now).since;
    expect(since("since=day&from=2025-12-01T00:00:00Z")).toBe("2026-01-01T00:00:00.000Z");
    expect(since("since=day&from=2026-01-01T12:00:00Z")).toBe("2026-01-01T12:00:00.000Z");
  });
  it("have times in UTC where they do not say otherwise", () => {
    const until = (text: string) => filtersOf(new URLSearchParams({ to: text }), undefined, now).until;
    expect(until("2026-01-01T12:14")).toBe("2026-01-01T12:14:00.000Z");
    expect(until("2026-01-01T12:14:30.5")).toBe("2026-01-01T12:14:30.500Z");
    expect(until("2026-01-01T12:14+05:30")).toBe("2026-01-01T06:44:00.000Z");
    expect(until("2026-01-01")).toBe("2026-01-01T00:00:00.000Z");
  });
  it("have one value of a label", () => {
    const address = withLabel(withLabel(new URLSearchParams("cursor=c"), "region=eu"), "tier=gold");
    expect(withLabel(address, "region=us").getAll("label")).toEqual(["tier=gold", "region=us"]);
    expect(withoutLabel(address, "region=eu").toString()).toBe("label=tier%3Dgold");
  });
  it("begin today where the reader is", () => {
    kept.set("timezone", '"Asia/Kolkata"');
    const midnight = "2026-01-01T18:30:00.000Z";
    expect(filtersOf(new URLSearchParams("updated=today"), undefined, now)).toEqual({ updated_since: midnight });
  });
});

describe("momentOf", () => {
  it("is in the zone of the reader", () => {
    kept.set("timezone", '"Europe/Berlin"');
    expect(momentOf("2026-07-01T12:00")).toBe("2026-07-01T10:00:00.000Z");
    expect(momentOf("2026-03-29T03:30")).toBe("2026-03-29T01:30:00.000Z"); // an hour after the clocks changed
    expect(momentOf("")).toBeUndefined();
  });
});

describe("views", () => {
  it("are what the address says, in any order and without the page", () =>
    expect(viewOf(new URLSearchParams("cursor=c&state=failed&workflow=1&label=b&label=a&name="))).toBe(
      viewOf(new URLSearchParams("label=b&label=a&state=failed")),
    ));
  it("ask for what their name says", () => {
    const failed = questionOf(new URLSearchParams(defaultViews[1]?.search), undefined, Date.now());
    expect(failed.state).toEqual(["failed", "compensating", "compensation_failed", "compensated"]);
    expect(failed.updated_since).toBeDefined();
    expect(questionOf(new URLSearchParams(defaultViews[2]?.search), undefined, 0).sort).toBe("-duration");
  });
  it("stay in the browser, one under a name, and no more than twenty", () => {
    for (let number = 0; number < 25; number += 1) {
      saveViews(withView(savedViews(), `view ${number}`, new URLSearchParams({ name: String(number) })));
    }
    saveViews(withView(savedViews(), "view 24", new URLSearchParams("name=other")));
    expect(savedViews()).toHaveLength(20);
    expect(savedViews().at(-1)).toEqual({ name: "view 24", search: "name=other" });
  });
  it.each(["no JSON", "{}", "[1, null, {}]"])("are none where the browser has %s", (text) => {
    kept.set("wfstate.views", text);
    expect(savedViews()).toEqual([]);
  });
});
