/** The chart of a name over time: one bar per interval, even if nothing started in it. Pure. */

import type { NameStats, StateBucket } from "../server/model";

/** The most bars to show, whatever the server returns. */
const mostStretches = 200;

/** The intervals of the time range, including empty ones. The first one begins at or before the range does. */
export const stretchesOf = (stats: NameStats): StateBucket[] => {
  const length = stats.bucket_seconds * 1000;
  const first = Math.floor(Date.parse(stats.counted_since ?? stats.since) / length);
  const last = Math.floor((Date.parse(stats.until) - 1) / length);
  const known = new Map(stats.buckets.map((bucket) => [Math.floor(Date.parse(bucket.at) / length), bucket.by_state]));
  return Array.from({ length: Math.min(mostStretches, Math.max(0, last - first + 1)) }, (_, index) => ({
    at: new Date((first + index) * length).toISOString(),
    by_state: known.get(first + index) ?? {},
  }));
};

/** The label below a bar: the time for short intervals, else the date. */
export const tickText = (shownTime: string, bucketSeconds: number): string =>
  bucketSeconds < 3 * 3600 ? shownTime.slice(11, 16) : shownTime.slice(5, 10);
