/** Where an arrow key moves the focus on the graph. Pure. */

import type { Rect } from "./layout";

export type Stop = Rect & { readonly id: string };

const ways: Readonly<Record<string, { readonly x: number; readonly y: number }>> = {
  ArrowDown: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
};

/** Sideways distance costs more, so that the next box in the same row counts as nearer than one in the row below. */
const costOfAside = 3;

/** The stop that a key leads to; undefined when there is none in that direction, or the key is not an arrow. */
export const nextStop = (stops: readonly Stop[], from: string, key: string): string | undefined => {
  const way = ways[key];
  const here = stops.find((stop) => stop.id === from);
  if (way === undefined || here === undefined) {
    return undefined;
  }
  const reached = stops
    .map((stop) => {
      const [dx, dy] = [middle(stop).x - middle(here).x, middle(stop).y - middle(here).y];
      const ahead = dx * way.x + dy * way.y;
      return { ahead, cost: ahead + costOfAside * Math.abs(dx * way.y + dy * way.x), id: stop.id };
    })
    .filter(({ ahead }) => ahead > 1);
  reached.sort((one, other) => one.cost - other.cost);
  return reached[0]?.id;
};

const middle = (rect: Rect) => ({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 });
