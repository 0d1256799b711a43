import { describe, expect, it } from "vitest";

import { decisionCommand } from "../src/events/eventCommand";
import { eventsQuestionOf, narrowed } from "../src/events/eventFilter";
import { countsText } from "../src/events/counts";
import { eventOf } from "../src/journal/eventOf";
import { answerText, isStart, wantedText } from "../src/subscriptions/words";

const asked = (search: string) => eventsQuestionOf(new URLSearchParams(search));

describe("the page of events", () => {
  it("asks for what waits unless the address names a state", () => {
    expect(asked("events=waiting").state).toEqual(["parked", "dead"]);
    expect(asked("events=dead").state).toEqual(["dead"]);
    expect(asked("events=applied").state).toEqual(["parked", "dead"]); // which needs a workflow
  });

  it("passes the filters of the address on, and nothing else of it", () => {
    expect(asked("events=parked&name=order&key=%207%20&workflow=x")).toEqual({
      key: "7",
      limit: 100,
      name: "order",
      state: ["parked"],
    });
  });

  it("begins at the first page when a filter changes", () => {
    const next = narrowed(new URLSearchParams("events=dead&after=abc&name=order"), { name: "", type: "paid" });

    expect(next.toString()).toBe("events=dead&type=paid");
  });

  it("counts what waits, dead letters first, and says nothing of nothing", () => {
    expect(countsText({ dead: 2, parked: 10_000 })).toBe("2 dead, 10,000 or more parked");
    expect(countsText({ dead: 0, parked: 3 })).toBe("3 parked");
    expect(countsText({ dead: 0, parked: 0 })).toBeUndefined();
  });

  it("tells the command that does the same, with each word quoted", () => {
    const key = { id: "a b", source: "https://x.example/" };

    expect(decisionCommand("drop", key)).toBe("airflow wfstate event drop https://x.example/ 'a b' --reason=WHY");
    expect(decisionCommand("replay", key, "mended")).toBe(
      "airflow wfstate event replay https://x.example/ 'a b' --reason=mended",
    );
  });
});

describe("a journal entry", () => {
  it("tells of an event where a service brought it about", () => {
    const event = { id: "7", source: "https://x.example/", type: "paid" };

    expect(eventOf({ data: { event, round: 1 } })).toEqual(event);
    expect(eventOf({ data: { event: "7" } })).toBeUndefined();
    expect(eventOf({ data: {} })).toBeUndefined();
  });
});

describe("a subscription", () => {
  it("says of what it is told", () => {
    const none = { kinds: [], labels: {}, names: [], requests_only: false, states: [] };

    expect(wantedText(none)).toBe("every change");
    expect(wantedText({ ...none, labels: { region: "eu" }, names: ["order"], states: ["compensation_failed"] })).toBe(
      "workflow order, state compensation failed, label region=eu",
    );
  });

  it("shows an answer with its status where there was one", () => {
    expect(answerText({ status: 503, text: "busy" })).toBe("503 busy");
    expect(answerText({ status: null, text: "no answer in 10 seconds" })).toBe("no answer in 10 seconds");
  });

  it("is replayed from a point that the server understands", () => {
    for (const start of ["now", "beginning", "2026-11-24T08:00:00Z", "2026-11-24T08:00:00+01:00", "018f3b1e-0000-7000-8000-000000000000:12"]) {
      expect(isStart(start), start).toBe(true);
    }
    for (const start of ["", "yesterday", "2026-11-24", "2026-11-24T08:00:00", "12"]) {
      expect(isStart(start), start).toBe(false);
    }
  });
});
