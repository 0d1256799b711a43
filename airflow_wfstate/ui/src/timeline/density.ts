/** The bars of a density: of each stretch of time how many items were at work, and how many failed. Pure. */

import type { StepDensity, StepGroup } from "../server/model";
import { groupKey } from "../server/model";
import type { Span } from "./axis";

export type Stretch = Span & {
  readonly failed: number;
  /** From 0 to 1: of the stretch with the most items at work 1, of one with some never so little as to be unseen. */
  readonly height: number;
  readonly items: number;
};

const lowest = 0.2;

/** The stretches in which something was at work, neighbours that are alike as one. */
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

/** The density of a mapped step; undefined when it is not known (yet). */
export const densityOf = (densities: readonly StepDensity[], group: StepGroup): StepDensity | undefined =>
  densities.find((density) => groupKey(density) === groupKey(group));
