/** Which boxes and arrows of the graph are drawn when some groups and lanes are folded. Pure. */

import { runAddress } from "../airflow/airflow";
import type { Graph, GraphGroup, GraphLane, GraphNode } from "../server/model";

/** With more nodes than this, groups and lanes without activity start folded. */
export const nodesShownAtOnce = 150;

/** Something drawn as one box: a task, or a folded group with everything in it. */
export type Box = {
  readonly group: GraphGroup | undefined;
  /** Unique in its lane. */
  readonly id: string;
  readonly nodes: readonly GraphNode[];
  /** The unfolded group around it; undefined for none. */
  readonly parent: string | undefined;
};

export type Arrow = { readonly source: string; readonly target: string };

export type Lane = {
  readonly arrows: readonly Arrow[];
  readonly boxes: readonly Box[];
  /** The unfolded groups, outer groups first. */
  readonly groups: readonly GraphGroup[];
  readonly isFolded: boolean;
  readonly lane: GraphLane;
};

/** Identifies a lane, or a group in it, among everything that can be folded. */
export const foldKey = (lane: GraphLane, group?: { readonly id: string }): string =>
  group === undefined ? lane.id : `${lane.id} ${group.id}`;

/** The page of a lane's run; undefined for a service, which has none. */
export const runAddressOf = ({ dag_id: dagId, run_id: runId }: GraphLane): string | undefined =>
  dagId === null || runId === null ? undefined : runAddress(dagId, runId);

/** The box id of a folded group; no task has such an id. */
const boxOfGroup = (groupId: string): string => `group ${groupId}`;

/** The graph as it is drawn. */
export const shapeOf = (graph: Graph, folded: ReadonlySet<string>): Lane[] =>
  graph.lanes.map((lane) => laneOf(lane, folded));

const laneOf = (lane: GraphLane, folded: ReadonlySet<string>): Lane => {
  if (folded.has(foldKey(lane))) {
    return { arrows: [], boxes: [], groups: [], isFolded: true, lane };
  }
  const groups = new Map(lane.groups.map((group) => [group.id, group]));
  const around = (id: string | null): GraphGroup[] => {
    const group = id === null ? undefined : groups.get(id);
    return group === undefined ? [] : [...around(group.parent), group];
  };
  const boxes = new Map<string, Box>();
  const boxOf = new Map<string, string>();
  for (const node of lane.nodes) {
    const parents = around(node.group);
    const fold = parents.find((group) => folded.has(foldKey(lane, group)));
    const id = fold === undefined ? node.id : boxOfGroup(fold.id);
    const parent = fold === undefined ? node.group : fold.parent;
    boxOf.set(node.id, id);
    boxes.set(id, { group: fold, id, nodes: [...(boxes.get(id)?.nodes ?? []), node], parent: parent ?? undefined });
  }
  const used = new Set([...boxes.values()].flatMap((box) => around(box.parent ?? null).map((group) => group.id)));
  const arrows = new Map<string, Arrow>();
  for (const edge of lane.edges) {
    const [source, target] = [boxOf.get(edge.source), boxOf.get(edge.target)];
    if (source !== undefined && target !== undefined && source !== target) {
      arrows.set(`${source}\n${target}`, { source, target });
    }
  }
  return {
    arrows: [...arrows.values()],
    boxes: [...boxes.values()],
    groups: lane.groups.filter((group) => used.has(group.id)),
    isFolded: false,
    lane,
  };
};

/** Whether a node needs attention: it is in progress, has failed, or its undo is running or has failed. */
export const needsEyes = (node: GraphNode): boolean =>
  node.is_current ||
  node.state === "failed" ||
  node.state === "lost" ||
  ["failed", "upstream_failed"].some((state) => node.tasks[state] !== undefined) ||
  ["failed", "running"].some((state) => node.compensation?.by_state[state] !== undefined);

/** What starts folded: nothing in a small graph; in a large one, inactive groups and then lanes until it is small. */
export const foldedAtFirst = (graph: Graph): ReadonlySet<string> => {
  const folded = new Set<string>();
  const count = (): number => shapeOf(graph, folded).reduce((sum, lane) => sum + lane.boxes.length, 0);
  if (count() <= nodesShownAtOnce) {
    return folded;
  }
  for (const lane of graph.lanes) {
    for (const group of lane.groups.filter((one) => !holds(lane, one).some(needsEyes))) {
      folded.add(foldKey(lane, group));
    }
  }
  for (const lane of graph.lanes.filter((one) => !one.nodes.some(needsEyes))) {
    if (count() > nodesShownAtOnce) {
      folded.add(foldKey(lane));
    }
  }
  return folded;
};

/** The nodes of a group and of all groups inside it. */
const holds = (lane: GraphLane, group: GraphGroup): GraphNode[] => {
  const inside = new Set([group.id]);
  for (let grown = -1; grown !== inside.size; ) {
    grown = inside.size;
    for (const other of lane.groups) {
      if (other.parent !== null && inside.has(other.parent)) {
        inside.add(other.id);
      }
    }
  }
  return lane.nodes.filter((node) => node.group !== null && inside.has(node.group));
};
