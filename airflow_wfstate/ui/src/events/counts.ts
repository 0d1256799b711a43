/** The number of waiting events, in words. Pure. */

import type { EventCounts } from "../server/model";

/** The server counts no further than this. */
const mostCounted = 10_000;

const countText = (count: number, state: string): string =>
  `${count.toLocaleString("en")}${count >= mostCounted ? " or more" : ""} ${state}`;

/** How many events wait; undefined when there are none. */
export const countsText = ({ dead, parked }: EventCounts): string | undefined =>
  [dead > 0 ? countText(dead, "dead") : undefined, parked > 0 ? countText(parked, "parked") : undefined]
    .filter((part) => part !== undefined)
    .join(", ") || undefined;
