import { describe, expect, it } from "vitest";

import type { PendingWait, Step, StepDensity, StepGroup, WorkflowDetail } from "../src/server/model";
import { timelineOf as timelineWith } from "../src/timeline/timeline";
import { percentOf, whole } from "../src/timeline/axis";

const second = (count: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, count)).toISOString();
const at = (count: number): number => Date.parse(second(count));

const step = (participant: string, from: number, to: number | null): Step => ({
  attempts: [
    {
      bundle_version: null,
      dag_id: participant,
      dag_version_id: null,
      ended_at: to === null ? null : second(to),
      error: null,
      hostname: "worker-7",
      map_index: -1,
      number: 1,
      queued_at: null,
      round: 1,
      run_id: "r",
      started_at: second(from),
      state: to === null ? "running" : "succeeded",
      task_id: "t",
      task_instance_id: "i",
      try_number: 1,
      waits: [],
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
  output_left_out: false,
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

const workflow = (endedAt: string | null, groups: StepGroup[] = [], waits: PendingWait[] = []): WorkflowDetail =>
  ({ plan: ["shop.pack", "payments.pack"], step_groups: groups, waits, summary: { ended_at: endedAt, started_at: second(0) } }) as unknown as WorkflowDetail;

const group: StepGroup = {
  attempts: 12,
  by_state: { failed: 2, succeeded: 8 },
  compensation: null,
  error: "no such item",
  is_mapped: true,
  items: 10,
  name: "item",
  parent_step_id: null,
  participant: "a",
  place: null,
  started_at: second(3),
  state: "failed",
  updated_at: second(8),
};

const timelineOf = (detail: WorkflowDetail, steps: readonly Step[], now: number, densities: readonly StepDensity[] = []) =>
  timelineWith(detail, steps, densities, now);

describe("timelineOf", () => {
  it("has a lane for each participant, in the order in which they came", () => {
    const { lanes } = timelineOf(workflow(second(9)), [step("b", 1, 2), step("a", 3, 4), step("b", 5, 6)], at(60));
    expect(lanes.map((lane) => [lane.participant, lane.rows.length])).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
  });

  it("lets an attempt at work last until now, and shows now", () => {
    const timeline = timelineOf(workflow(null), [step("a", 2, null)], at(10));
    expect(timeline.lanes[0]?.rows[0]?.attempts[0]).toMatchObject({ from: at(2), to: at(10) });
    expect(timeline.now).toBe(at(10));
  });

  it("ends with the workflow, and shows no now", () => {
    const timeline = timelineOf(workflow(second(5)), [step("a", 2, 3)], at(1000));
    expect([timeline.from, timeline.to, timeline.now]).toEqual([at(0), at(5), undefined]);
    expect(percentOf(timeline.axis, whole, at(5))).toBe(100);
  });

  it("draws the waits that an attempt tells of, the last of them until now", () => {
    const waiting = step("a", 2, null);
    const waits = [
      { began_at: second(3), ended_at: second(5) },
      { began_at: second(7), ended_at: null },
    ];
    const attempts = waiting.attempts.map((attempt) => ({ ...attempt, waits }));
    const timeline = timelineOf(workflow(null), [{ ...waiting, attempts }], at(9));
    expect(timeline.lanes[0]?.rows[0]?.attempts[0]?.waits).toEqual([
      { from: at(3), to: at(5) },
      { from: at(7), to: at(9) },
    ]);
  });

  it("has one bar for a mapped step, among the others by its begin", () => {
    const { lanes } = timelineOf(workflow(second(9), [group]), [step("a", 5, 6), step("a", 1, 2)], at(60));
    expect(lanes[0]?.rows.map((row) => row.label)).toEqual(["pack", "item", "pack"]);
    expect(lanes[0]?.rows[1]?.groups).toMatchObject([{ from: at(3), group, to: at(8) }]);
  });

  it("lets a mapped step of which an item is at work last until now", () => {
    const { lanes } = timelineOf(workflow(null, [{ ...group, state: "running" }]), [], at(60));
    expect(lanes[0]?.rows[0]?.groups[0]?.to).toBe(at(60));
  });
});

describe("queue time", () => {
  it("is a bar of its own before the attempt", () => {
    const queued = step("a", 5, 6);
    const attempts = queued.attempts.map((attempt) => ({ ...attempt, queued_at: second(2) }));
    const timeline = timelineOf(workflow(second(9)), [{ ...queued, attempts }], at(9));
    expect(timeline.lanes[0]?.rows[0]?.attempts[0]?.queued).toEqual({ from: at(2), to: at(5) });
  });
});

describe("a mapped step whose density is known", () => {
  const density: StepDensity = {
    at_work: [4, 4, 0, 8],
    failed: [0, 0, 0, 2],
    name: "item",
    parent_step_id: null,
    participant: "a",
    since: second(0),
    until: second(400),
  };

  it("has a stretch for each time with as many items at work", () => {
    const [bar] = timelineOf(workflow(second(400), [group]), [], at(400), [density]).lanes[0]?.rows[0]?.groups ?? [];
    expect(bar?.stretches.map(({ failed, from, items, to }) => [from, to, items, failed])).toEqual([
      [at(0), at(200), 4, 0],
      [at(300), at(400), 8, 2],
    ]);
    expect(bar?.stretches.map(({ height }) => height)).toEqual([0.6000000000000001, 1]);
  });

  it("lets the time without an item at work be cut", () => {
    const { axis } = timelineOf(workflow(second(400), [group]), [], at(400), [density]);
    expect(axis.map(({ isFolded }) => isFolded)).toEqual([false, true, false]);
  });
});

describe("places", () => {
  it("have a lane each", () => {
    const steps = ["tell_received", "tell_sent"].map((place, index) => ({ ...step("mail", index, index + 1), place }));
    expect(timelineOf(workflow(second(9)), steps, at(9)).lanes.map((lane) => lane.participant)).toEqual([
      "mail[tell_received]",
      "mail[tell_sent]",
    ]);
  });
});

describe("steps of services", () => {
  const reported = (from: number, to: number | null): Step => ({
    ...step("payments", from, to),
    attempts: [],
    name: "capture",
  });
  const silence: PendingWait = {
    has_begun: false,
    kind: "service",
    name: "deliver",
    participant: "carrier",
    since: second(5),
    step_id: null,
    until: null,
    waiter: "carrier.deliver",
    what: "carrier to report that it began or ended",
  };
  const barsOf = (steps: Step[], waits: PendingWait[], now: number) =>
    timelineWith(workflow(null, [], waits), steps, [], at(now)).lanes.map(({ participant, rows }) => ({
      bars: rows.flatMap((row) => row.services.map(({ from, isWaited, to }) => ({ from, isWaited, to }))),
      participant,
    }));

  it("are drawn from the first report to the last, and to now while the service is at work", () => {
    expect(barsOf([reported(1, 4)], [], 9)).toEqual([
      { bars: [{ from: at(1), isWaited: false, to: at(4) }], participant: "payments" },
    ]);
    expect(barsOf([reported(1, null)], [], 9)[0]?.bars).toEqual([{ from: at(1), isWaited: true, to: at(9) }]);
  });

  it("stand in the order of the plan where they are of the same time", () => {
    const lanes = timelineWith(workflow(null), [step("payments", 1, 2), step("shop", 1, 2)], [], at(9)).lanes;

    expect(lanes.map((lane) => lane.participant)).toEqual(["shop", "payments"]);
  });

  it("end where their undo begins, which has a bar of its own", () => {
    const undo = {
      attempts: 1,
      ended_at: null,
      error: null,
      handler: "event:refund",
      max_attempts: 3,
      round: 1,
      started_at: second(4),
      state: "running",
      when: "completed",
    } as const;
    const undone: Step = { ...reported(1, 8), compensations: [undo], state: "compensated" };

    expect(barsOf([undone], [], 9)[0]?.bars).toEqual([{ from: at(1), isWaited: false, to: at(4) }]);
  });

  it("have a row before their service has said anything, when they are next", () => {
    expect(barsOf([reported(1, 5)], [silence], 9)[1]).toEqual({
      bars: [{ from: at(5), isWaited: true, to: at(9) }],
      participant: "carrier",
    });
  });
});
