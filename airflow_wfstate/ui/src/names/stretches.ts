/** The chart of a name over time: a bar for each stretch, also where nothing started. Pure. */

import type { NameStats, StateBucket } from "../server/model";

/** At most so many bars, whatever the server says. */
const mostStretches = 200;

/** The stretches of the window, the empty ones too; the first begins at or before the window does. */
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

/** What stands below a bar: the hour of a stretch of less than a day, else its date. */
export const tickText = (shownTime: string, bucketSeconds: number): string =>
  bucketSeconds < 3 * 3600 ? shownTime.slice(11, 16) : shownTime.slice(5, 10);
