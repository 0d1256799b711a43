import { describe, expect, it } from "vitest";

import type { JournalEntry, Step, WorkflowDetail } from "../src/model";
import { percentOf, timelineOf, waitsOf } from "../src/timeline";

const second = (count: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, count)).toISOString();
const at = (count: number): number => Date.parse(second(count));

const entry = (number: number, kind: JournalEntry["kind"], step: string): JournalEntry => ({
  actor: "task:a/b/c",
  at: second(number),
  attempt: 1,
  data: {},
  kind,
  number,
  step,
  step_id: null,
});

const step = (participant: string, from: number, to: number | null): Step => ({
  attempts: [
    {
      bundle_version: null,
      dag_id: participant,
      dag_version_id: null,
      ended_at: to === null ? null : second(to),
      error: null,
      map_index: -1,
      number: 1,
      round: 1,
      run_id: "r",
      started_at: second(from),
      state: to === null ? "running" : "succeeded",
      task_id: "t",
      task_instance_id: "i",
      try_number: 1,
    },
  ],
  checkpoints: [],
  compensations: [],
  error: null,
  id: `${participant} ${from}`,
  item_key: "",
  name: "pack",
  output: null,
  output_sha256: null,
  output_in_file: false,
  output_size: null,
  output_type: null,
  parent_step_id: null,
  participant,
  place: null,
  round: 1,
  started_at: second(from),
  state: to === null ? "running" : "succeeded",
  updated_at: second(to ?? from),
});

const workflow = (steps: Step[], endedAt: string | null): WorkflowDetail =>
  ({ steps, summary: { ended_at: endedAt, started_at: second(0) } }) as unknown as WorkflowDetail;

describe("timelineOf", () => {
  it("has a lane for each participant, in the order in which they came", () => {
    const { lanes } = timelineOf(workflow([step("b", 1, 2), step("a", 3, 4), step("b", 5, 6)], second(9)), [], at(60));
    expect(lanes.map((lane) => [lane.participant, lane.rows.length])).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
  });

  it("lets an attempt at work last until now, and shows now", () => {
    const timeline = timelineOf(workflow([step("a", 2, null)], null), [], at(10));
    expect(timeline.lanes[0]?.rows[0]?.attempts[0]).toMatchObject({ from: at(2), to: at(10) });
    expect(timeline.now).toBe(at(10));
  });

  it("ends with the workflow, and shows no now", () => {
    const timeline = timelineOf(workflow([step("a", 2, 3)], second(5)), [], at(1000));
    expect([timeline.from, timeline.to, timeline.now]).toEqual([at(0), at(5), undefined]);
    expect(percentOf(timeline, at(5))).toBe(100);
  });

  it("cuts a wait to the attempt in which it was", () => {
    const entries = [entry(3, "step.waiting", "a.pack"), entry(6, "step.continued", "a.pack")];
    const timeline = timelineOf(workflow([step("a", 4, 8)], second(9)), entries, at(60));
    expect(timeline.lanes[0]?.rows[0]?.attempts[0]?.waits).toEqual([{ from: at(4), to: at(6) }]);
  });
});

describe("places", () => {
  it("have a lane each", () => {
    const steps = ["tell_received", "tell_sent"].map((place, index) => ({ ...step("mail", index, index + 1), place }));
    expect(timelineOf(workflow(steps, second(9)), [], at(9)).lanes.map((lane) => lane.participant)).toEqual([
      "mail[tell_received]",
      "mail[tell_sent]",
    ]);
  });
});

describe("waitsOf", () => {
  it("takes the next thing that the same step did", () => {
    const entries = [
      entry(1, "step.waiting", "a.pack"),
      entry(2, "step.began", "a.ship"),
      entry(5, "step.continued", "a.pack"),
      entry(7, "step.waiting", "a.pack"),
    ];
    expect(waitsOf(entries, "1", "a.pack", at(9))).toEqual([
      { from: at(1), to: at(5) },
      { from: at(7), to: at(9) },
    ]);
  });

  it("knows the step by its id, whatever it was called", () => {
    const entries = [
      { ...entry(1, "step.waiting", "mail.send"), step_id: "1" },
      { ...entry(2, "step.waiting", "mail.send"), step_id: "2" },
      { ...entry(4, "step.continued", "mail[tell_received].send"), step_id: "1" },
    ];
    expect(waitsOf(entries, "1", "mail.send", at(9))).toEqual([{ from: at(1), to: at(4) }]);
  });
});
