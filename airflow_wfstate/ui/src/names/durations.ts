/** Durations in the statistics of a name. Pure. */

import type { NameStats } from "../server/model";
import { durationText } from "../text/time";

/** A duration in seconds; in milliseconds below one second, with a decimal below ten. */
export const secondsText = (seconds: number): string =>
  seconds < 1
    ? `${Math.round(seconds * 1000)}ms`
    : seconds < 10
      ? `${seconds.toFixed(1)}s`
      : durationText(seconds * 1000);

/** An edge of a histogram in its largest unit; every edge is a whole number: 500ms, 5s, 2m, 8h, 30d. */
export const edgeText = (seconds: number): string =>
  seconds === 0
    ? "0"
    : seconds < 1
      ? `${Math.round(seconds * 1000)}ms`
      : seconds < 60
        ? `${seconds}s`
        : seconds < 3600
          ? `${seconds / 60}m`
          : seconds < 86_400
            ? `${seconds / 3600}h`
            : `${seconds / 86_400}d`;

type DurationBar = NameStats["histogram"][number];

/** The range that a bar of a histogram counts: 5s to 10s. */
export const barText = ({ from_seconds: from, to_seconds: to }: DurationBar): string =>
  to === null ? `${edgeText(from)} or more` : `${edgeText(from)} to ${edgeText(to)}`;
