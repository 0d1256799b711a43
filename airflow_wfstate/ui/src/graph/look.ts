/** The look and text of a box: state, counts and undo order. Pure. */

import type { GraphNode } from "../server/model";
import { stepStates, words } from "../server/model";
import type { Box } from "./shape";

/** Airflow's task states, the most significant first, in the order of Airflow's own graph. */
const taskStates = [
  "failed",
  "upstream_failed",
  "running",
  "restarting",
  "deferred",
  "awaiting_input",
  "up_for_reschedule",
  "up_for_retry",
  "queued",
  "scheduled",
  "success",
  "skipped",
  "removed",
];

/** The items of a box by state: its steps, or its tasks if it has no steps. Items that have not started do not count. */
export const countsOf = (box: Box): Map<string, number> => {
  const steps = sum(box.nodes.map((node) => node.steps));
  const tasks = sum(box.nodes.filter((node) => Object.keys(node.steps).length === 0).map((node) => node.tasks));
  const ofSteps: readonly string[] = [...stepStates].reverse();
  const found = new Map<string, number>();
  for (const [counts, order] of [
    [steps, ofSteps],
    [tasks, taskStates],
  ] as const) {
    for (const state of order.filter((name) => counts.has(name))) {
      found.set(state, (found.get(state) ?? 0) + (counts.get(state) ?? 0));
    }
  }
  return found;
};

const sum = (all: readonly Readonly<Record<string, number>>[]): Map<string, number> => {
  const found = new Map<string, number>();
  for (const counts of all) {
    for (const [state, count] of Object.entries(counts)) {
      found.set(state, (found.get(state) ?? 0) + count);
    }
  }
  return found;
};

const telling: readonly string[] = ["failed", "lost", "upstream_failed", "running", "waiting", "deferred"];

/** The state that colours a box; undefined when nothing in it has started. */
export const stateOf = (box: Box): string | undefined => {
  const [only] = box.nodes;
  if (box.group === undefined && only !== undefined && only.state !== null) {
    return only.state;
  }
  const states = [...countsOf(box).keys()];
  return telling.find((state) => states.includes(state)) ?? states[0];
};

/** The title of a box: its group, else its step, else its task. */
export const titleOf = (box: Box): string => {
  const [only] = box.nodes;
  return box.group?.label ?? only?.step ?? only?.id ?? box.id;
};

/** The states of a box and their counts: `failed`, `1979 succeeded, 21 failed`, `not started`. */
export const stateText = (box: Box): string => {
  const counts = [...countsOf(box)];
  const total = counts.reduce((all, [, count]) => all + count, 0);
  if (total === 0) {
    return "not started";
  }
  if (total === 1 && box.group === undefined && counts[0] !== undefined) {
    return words(counts[0][0]);
  }
  return counts.map(([state, count]) => `${count} ${words(state)}`).join(", ");
};

export type Undo = {
  /** `3`, or `3 to 2002` for several. */
  readonly order: string;
  /** The most significant state. */
  readonly state: string;
  readonly text: string;
};

const undoStates = ["failed", "running", "armed", "done", "skipped", "not_needed", "discarded"];

/** The compensations of a box and their positions in the undo order; undefined when it has none. */
export const undoOf = (box: Box): Undo | undefined => {
  const all = box.nodes.flatMap((node: GraphNode) => (node.compensation === null ? [] : [node.compensation]));
  const counts = sum(all.map((compensation) => compensation.by_state));
  const state = undoStates.find((name) => counts.has(name));
  if (state === undefined) {
    return undefined;
  }
  const first = Math.min(...all.map((compensation) => compensation.first));
  const last = Math.max(...all.map((compensation) => compensation.last));
  const total = [...counts.values()].reduce((one, other) => one + other, 0);
  const order = first === last ? String(first) : `${first}–${last}`;
  const states =
    total === 1
      ? words(state)
      : undoStates
          .filter((name) => counts.has(name))
          .map((name) => `${counts.get(name)} ${words(name)}`)
          .join(", ");
  return { order, state, text: `compensation ${order} in undo order: ${states}` };
};
