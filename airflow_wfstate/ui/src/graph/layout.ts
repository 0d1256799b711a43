/** The positions of the graph's boxes, arrows and lanes, in pixels at 100% zoom. Pure. */

import { Graph as Digraph, layout } from "@dagrejs/dagre";

import type { Box, Lane } from "./shape";

export type Point = { readonly x: number; readonly y: number };

/** A rectangle, given by its upper left corner. */
export type Rect = Point & { readonly height: number; readonly width: number };

export type Direction = "down" | "right";

/** The path of an arrow, as the `d` of an SVG path. */
export type Path = { readonly key: string; readonly path: string };

type Inside = {
  readonly arrows: readonly Path[];
  readonly boxes: readonly (Rect & { readonly box: Box })[];
  readonly groups: readonly (Rect & { readonly id: string })[];
};

export type PlacedLane = Inside & Rect & { readonly lane: Lane };

export type Layout = {
  readonly height: number;
  readonly lanes: readonly PlacedLane[];
  /** From a triggering step to the run that it triggered. */
  readonly triggers: readonly Path[];
  readonly width: number;
};

export const boxSize = { height: 58, width: 190 };
/** The height of a lane's header, which names the run. */
export const headHeight = 44;
/** The height of the label above a group. */
export const labelHeight = 20;

const padding = 16;
const laneGap = 28;
/** The space left of the lanes, where the arrows to triggered runs go down. */
const gutter = 28;
/** Wide enough for the names in a lane's header, even when the lane is folded. */
const narrowestLane = 340;

/** Places the lanes below each other, and the downstream boxes of a lane to the right or below. */
export const layoutOf = (lanes: readonly Lane[], direction: Direction): Layout => {
  let y = 0;
  const placed = lanes.map((lane): PlacedLane => {
    const corner = { x: gutter + padding, y: y + headHeight + padding };
    const { height, inside, width } = insideOf(lane, direction, corner);
    const rect = {
      height: headHeight + (height === 0 ? 0 : height + 2 * padding),
      width: Math.max(width + 2 * padding, narrowestLane),
      x: gutter,
      y,
    };
    y += rect.height + laneGap;
    return { ...inside, ...rect, lane };
  });
  const width = Math.max(0, ...placed.map((lane) => lane.width));
  const wide = placed.map((lane) => ({ ...lane, width }));
  return { height: Math.max(0, y - laneGap), lanes: wide, triggers: triggersOf(wide, direction), width: width + gutter };
};

const insideOf = (
  { arrows, boxes, groups }: Lane,
  direction: Direction,
  corner: Point,
): { readonly height: number; readonly inside: Inside; readonly width: number } => {
  if (boxes.length === 0) {
    return { height: 0, inside: { arrows: [], boxes: [], groups: [] }, width: 0 };
  }
  const graph = new Digraph({ compound: true });
  graph.setGraph({ nodesep: 24, rankdir: direction === "right" ? "LR" : "TB", ranksep: 44 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const group of groups) {
    graph.setNode(groupNode(group.id), {});
  }
  for (const box of boxes) {
    graph.setNode(box.id, { ...boxSize });
  }
  // Dagre must know a node before it can become a parent.
  for (const group of groups.filter(({ parent }) => groups.some(({ id }) => id === parent))) {
    graph.setParent(groupNode(group.id), groupNode(group.parent ?? ""));
  }
  for (const box of boxes) {
    if (box.parent !== undefined) {
      graph.setParent(box.id, groupNode(box.parent));
    }
  }
  for (const { source, target } of arrows) {
    graph.setEdge(source, target);
  }
  layout(graph);
  const rectOf = (id: string): Rect => {
    const { height = 0, width = 0, x = 0, y = 0 } = graph.node(id) as Partial<Rect>;
    return { height, width, x: x - width / 2, y: y - height / 2 };
  };
  const placed = boxes.map((box) => ({ ...rectOf(box.id), box }));
  const framed = groups.map(({ id }) => {
    const rect = rectOf(groupNode(id));
    return { ...rect, height: rect.height + labelHeight, id, y: rect.y - labelHeight };
  });
  const all: Rect[] = [...placed, ...framed];
  const left = Math.min(...all.map((rect) => rect.x));
  const top = Math.min(...all.map((rect) => rect.y));
  const [dx, dy] = [corner.x - left, corner.y - top];
  const shifted = <Kind extends Point>(point: Kind): Kind => ({ ...point, x: point.x + dx, y: point.y + dy });
  return {
    height: Math.max(...all.map((rect) => rect.y + rect.height)) - top,
    inside: {
      arrows: arrows.map(({ source, target }) => {
        const { points = [] } = graph.edge(source, target) as { readonly points?: readonly Point[] };
        return { key: `${source}\n${target}`, path: curve(points.map(shifted)) };
      }),
      boxes: placed.map(shifted),
      groups: framed.map(shifted),
    },
    width: Math.max(...all.map((rect) => rect.x + rect.width)) - left,
  };
};

/** The id of a group among dagre's nodes; distinct because a task may have the same id as a group. */
const groupNode = (id: string): string => `\n${id}`;

/** A smooth line through points: it joins the middles of the segments, and bends around the points between. */
export const curve = (points: readonly Point[]): string => {
  const [first] = points;
  const last = points[points.length - 1];
  if (first === undefined || last === undefined) {
    return "";
  }
  const bends = points.slice(1, -1).map((point, index) => {
    const next = points[index + 2] ?? last;
    const to = index + 2 === points.length - 1 ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${at(point)} ${at(to)}`;
  });
  return bends.length === 0 ? `M${at(first)} L${at(last)}` : `M${at(first)} ${bends.join(" ")}`;
};

const at = ({ x, y }: Point): string => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;

/** From the step's box down the left of the lanes to the header of the run's lane. */
const triggersOf = (lanes: readonly PlacedLane[], direction: Direction): Path[] =>
  lanes.flatMap((lane): Path[] => {
    const { trigger } = lane.lane.lane;
    const above = lanes.find((other) => other.lane.lane.id === trigger?.lane);
    if (trigger === null || above === undefined) {
      return [];
    }
    const box = above.boxes.find((one) => one.box.nodes.some((node) => node.id === trigger.node));
    const channel = gutter / 2;
    const end = `V${lane.y + headHeight / 2} H${lane.x}`;
    const key = lane.lane.lane.id;
    if (box === undefined) {
      return [{ key, path: `M${at({ x: above.x, y: above.y + headHeight / 2 })} H${channel} ${end}` }]; // the box is folded away
    }
    // With boxes below each other, a line straight down would cross them.
    return direction === "down"
      ? [{ key, path: `M${at({ x: box.x, y: box.y + box.height / 2 })} H${channel} ${end}` }]
      : [
          {
            key,
            path: `M${at({ x: box.x + box.width / 2, y: box.y + box.height })} V${above.y + above.height + laneGap / 2} H${channel} ${end}`,
          },
        ];
  });
