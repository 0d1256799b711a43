/** The bars of a density: how many items were running in each interval, and how many failed. Pure. */

import type { StepDensity, StepGroup } from "../server/model";
import { groupKey } from "../server/model";
import type { Span } from "./axis";

export type Stretch = Span & {
  readonly failed: number;
  /** From 0 to 1: 1 for the interval with the most running items, and never too small to see. */
  readonly height: number;
  readonly items: number;
};

const lowest = 0.2;

/** The intervals in which something was running, with equal neighbours merged. */
export const stretchesOf = (density: StepDensity): Stretch[] => {
  const [from, to] = [Date.parse(density.since), Date.parse(density.until)];
  const length = (to - from) / density.at_work.length;
  const most = Math.max(1, ...density.at_work);
  const found: Stretch[] = [];
  density.at_work.forEach((items, index) => {
    const failed = density.failed[index] ?? 0;
    const span = { from: from + index * length, to: from + (index + 1) * length };
    const last = found[found.length - 1];
    if (items === 0) {
      return;
    }
    if (last !== undefined && last.to === span.from && last.items === items && last.failed === 0 && failed === 0) {
      found[found.length - 1] = { ...last, to: span.to };
    } else {
      found.push({ ...span, failed, height: lowest + (1 - lowest) * (items / most), items });
    }
  });
  return found;
};

/** The density of a mapped step; undefined if not known (yet). */
export const densityOf = (densities: readonly StepDensity[], group: StepGroup): StepDensity | undefined =>
  densities.find((density) => groupKey(density) === groupKey(group));
