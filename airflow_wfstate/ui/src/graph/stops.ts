/** What the keyboard can reach on the graph: lane headers, group labels and boxes. Pure. */

import { headHeight, labelHeight, type Layout } from "./layout";
import type { Stop } from "./moves";
import { foldKey, runAddressOf } from "./shape";

/** The link to the run of a lane. */
export const runStop = (laneId: string): string => `${laneId} run`;

/** A box of a lane. Task ids contain no line breaks, so they cannot clash with group ids. */
export const boxStop = (laneId: string, boxId: string): string => `${laneId}\n${boxId}`;

export const stopsOf = (layout: Layout): Stop[] =>
  layout.lanes.flatMap(({ boxes, groups, lane: { lane }, x, y }): Stop[] => [
    { height: headHeight, id: foldKey(lane), width: 24, x, y },
    ...(runAddressOf(lane) === undefined ? [] : [{ height: headHeight, id: runStop(lane.id), width: 200, x: x + 32, y }]),
    ...groups.map((group) => ({ ...group, height: labelHeight, id: foldKey(lane, group), width: 60 })),
    ...boxes.map(({ box, ...rect }) => ({ ...rect, id: boxStop(lane.id, box.id) })),
  ]);
