import { describe, expect, it } from "vitest";

import { curve, layoutOf } from "../src/graph/layout";
import { stateOf, stateText, titleOf, undoOf } from "../src/graph/look";
import { nextStop } from "../src/graph/moves";
import { type Box, foldedAtFirst, foldKey, runAddressOf, shapeOf } from "../src/graph/shape";
import { boxStop, runStop, stopsOf } from "../src/graph/stops";
import type { Graph, GraphLane, GraphNode } from "../src/server/model";

const node = (id: string, more: Partial<GraphNode> = {}): GraphNode => ({
  compensation: null,
  group: null,
  id,
  is_current: false,
  is_mapped: false,
  is_relay: false,
  operator: "EmptyOperator",
  position: null,
  state: null,
  step: null,
  steps: {},
  tasks: {},
  waited_since: null,
  ...more,
});

const lane = (id: string, nodes: GraphNode[], more: Partial<GraphLane> = {}): GraphLane => ({
  dag_id: id,
  edges: [],
  groups: [],
  id,
  kind: "dag_run",
  nodes,
  parent_step_id: null,
  participant: id,
  place: null,
  role: "owner",
  run_id: "r",
  state: "running",
  structure: "known",
  trigger: null,
  version: 1,
  ...more,
});

const graph = (...lanes: GraphLane[]): Graph => ({ earlier_lanes: 0, further_lanes: 0, lanes, remaining: [] });

const grouped = lane("a", [node("first"), node("g.x", { group: "g" }), node("g.h.y", { group: "g.h" }), node("last")], {
  edges: [
    { source: "first", target: "g.x" },
    { source: "g.x", target: "g.h.y" },
    { source: "g.h.y", target: "last" },
  ],
  groups: [
    { id: "g", is_mapped: false, label: "g", parent: null },
    { id: "g.h", is_mapped: false, label: "h", parent: "g" },
  ],
});

describe("shapeOf", () => {
  it("shows every task and arrow where nothing is folded", () => {
    const [shape] = shapeOf(graph(grouped), new Set());
    expect(shape?.boxes.map((box) => box.id)).toEqual(["first", "g.x", "g.h.y", "last"]);
    expect(shape?.arrows).toEqual(grouped.edges);
  });

  it("makes a folded group one box, with the arrows of all that is in it", () => {
    const [shape] = shapeOf(graph(grouped), new Set([foldKey(grouped, { id: "g" })]));
    expect(shape?.boxes.map((box) => [titleOf(box), box.nodes.length])).toEqual([
      ["first", 1],
      ["g", 2],
      ["last", 1],
    ]);
    expect(shape?.arrows).toHaveLength(2);
    expect(shape?.groups).toEqual([]);
  });

  it("keeps a folded group in the group around it", () => {
    const [shape] = shapeOf(graph(grouped), new Set([foldKey(grouped, { id: "g.h" })]));
    expect(shape?.boxes.find((box) => box.group !== undefined)?.parent).toBe("g");
    expect(shape?.groups.map((group) => group.id)).toEqual(["g"]);
  });
});

describe("foldedAtFirst", () => {
  const many = (count: number, more: Partial<GraphNode> = {}) =>
    Array.from({ length: count }, (_, index) => node(`g.${index}`, { group: "g", ...more }));
  const groups = grouped.groups.slice(0, 1);

  it("folds nothing of a small graph", () => expect(foldedAtFirst(graph(lane("a", many(150), { groups })))).toEqual(new Set()));

  it("folds the quiet groups of a large one, and leaves open where something is at work or failed", () => {
    const [quiet, busy, failed] = [
      lane("quiet", many(151), { groups }),
      lane("busy", many(10, { is_current: true }), { groups }),
      lane("failed", many(10, { state: "failed" }), { groups }),
    ];
    expect([...foldedAtFirst(graph(quiet, busy, failed))]).toEqual(["quiet g"]);
  });

  it("folds quiet lanes where groups are not enough", () => {
    const flat = Array.from({ length: 200 }, (_, index) => node(String(index)));
    expect([...foldedAtFirst(graph(lane("quiet", flat), lane("busy", [node("x", { is_current: true })])))]).toEqual(["quiet"]);
  });
});

describe("layoutOf", () => {
  const placed = (direction: "down" | "right") => layoutOf(shapeOf(graph(grouped), new Set()), direction);

  it("puts what follows to the right, or below", () => {
    for (const [direction, axis] of [["right", "x"], ["down", "y"]] as const) {
      const places = placed(direction).lanes[0]?.boxes.map((box) => box[axis]) ?? [];
      expect(places).toEqual([...places].sort((one, other) => one - other));
      expect(new Set(places).size).toBe(4);
    }
  });

  it("puts boxes inside their groups, and everything inside the lane", () => {
    const [at] = placed("right").lanes;
    const group = at?.groups.find(({ id }) => id === "g.h");
    const box = at?.boxes.find((one) => one.box.id === "g.h.y");
    if (at === undefined || group === undefined || box === undefined) {
      throw new Error("nothing is placed");
    }
    expect(box.y).toBeGreaterThan(group.y);
    expect(box.x + box.width).toBeLessThan(group.x + group.width);
    expect(group.x + group.width).toBeLessThan(at.x + at.width);
  });

  it("leads from the step that triggered a run to that run's lane", () => {
    const child = lane("child", [node("y")], { trigger: { item_key: "", lane: "a", node: "last" } });
    const { lanes, triggers } = layoutOf(shapeOf(graph(grouped, child), new Set()), "right");
    expect(triggers).toHaveLength(1);
    expect(triggers[0]?.path.endsWith(`H${lanes[1]?.x}`)).toBe(true);
    expect(layoutOf(shapeOf(graph(grouped, child), new Set(["a"])), "right").triggers).toHaveLength(1);
  });

  it("lays out 150 boxes in less than a second", () => {
    const nodes = Array.from({ length: 150 }, (_, index) => node(String(index)));
    const edges = nodes.slice(1).map(({ id }, index) => ({ source: String(Math.floor(index / 2)), target: id }));
    const began = performance.now();
    layoutOf(shapeOf(graph(lane("a", nodes, { edges })), new Set()), "right");
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe("curve", () => {
  it("begins and ends where it shall", () => {
    const path = curve([
      { x: 0, y: 0 },
      { x: 5, y: 5 },
      { x: 10, y: 0 },
    ]);
    expect(path).toBe("M0,0 Q5,5 10,0");
  });
});

describe("a box", () => {
  const box = (...nodes: GraphNode[]): Box => ({ group: undefined, id: "x", nodes, parent: undefined });

  it("tells the state of its step, else of its task", () => {
    expect(stateText(box(node("a", { state: "succeeded", steps: { succeeded: 1 }, tasks: { success: 1 } })))).toBe("succeeded");
    expect(stateText(box(node("a", { tasks: { up_for_retry: 1 } })))).toBe("up for retry");
    expect(stateText(box(node("a", { tasks: { none: 1 } })))).toBe("not started");
    expect(stateOf(box(node("a", { tasks: { none: 1 } })))).toBeUndefined();
  });

  it("counts the items of a mapped one, what failed first", () => {
    const wide = node("a", { is_mapped: true, state: "failed", steps: { failed: 21, succeeded: 1979 } });
    expect(stateText(box(wide))).toBe("21 failed, 1979 succeeded");
    expect(stateOf(box(wide))).toBe("failed");
  });

  it("has the places of its compensations in the undo", () => {
    const undone = node("a", { compensation: { by_state: { done: 1, failed: 1 }, first: 3, last: 4 } });
    expect(undoOf(box(undone))).toEqual({
      order: "3–4",
      state: "failed",
      text: "compensation 3–4 in undo order: 1 failed, 1 done",
    });
    expect(undoOf(box(node("a")))).toBeUndefined();
  });
});

describe("nextStop", () => {
  const at = (id: string, x: number, y: number) => ({ height: 10, id, width: 10, x, y });
  const stops = [at("here", 0, 0), at("right", 100, 0), at("lower", 90, 80), at("below", 0, 100)];

  it.each([
    ["ArrowRight", "right"],
    ["ArrowDown", "below"],
    ["ArrowLeft", undefined],
    ["a", undefined],
  ])("%s leads to %s", (key, wanted) => expect(nextStop(stops, "here", key)).toBe(wanted));
});

describe("a service's lane", () => {
  const payments = lane("service:payments", [node("capture", { step: "capture", waited_since: "2026-01-01T12:00:00Z" })], {
    dag_id: null,
    kind: "service",
    participant: "payments",
    role: null,
    run_id: null,
    state: null,
  });

  it("has no page of a run to go to, and the keyboard no stop for one", () => {
    const stops = stopsOf(layoutOf(shapeOf(graph(payments, grouped), new Set()), "right")).map((stop) => stop.id);

    expect(runAddressOf(payments)).toBeUndefined();
    expect(runAddressOf(grouped)).toBe("/dags/a/runs/r");
    expect(stops).not.toContain(runStop("service:payments"));
    expect(stops).toContain(runStop("a"));
    expect(stops).toContain(boxStop("service:payments", "capture"));
  });
});
