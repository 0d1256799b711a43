/** Maps times to positions on the timeline, with shortened idle time and a zoom window. Pure. */

/** A time span, in milliseconds since 1970. */
export type Span = { readonly from: number; readonly to: number };

/** A piece of the axis: time at scale, or a long idle time that is drawn short. */
export type Piece = Span & {
  readonly isFolded: boolean;
  /** Where the piece begins and ends on the whole axis, from 0 to 1. */
  readonly start: number;
  readonly end: number;
};

/** The part of the axis that is shown, from 0 to 1. */
export type Window = { readonly end: number; readonly start: number };

export const whole: Window = { end: 1, start: 0 };

/** Idle time is shortened when it is longer than this share of the total working time and than `shortestFold`. */
const longIdle = 0.25;
const shortestFold = 5_000;
/** The share of the axis for each shortened idle time, whatever its length. All of them take at most half. */
const drawnFold = 0.04;
const drawnFolds = 0.5;

/**
 * The axis of a time span.
 *
 * @param busy when something was running; spans may overlap and have any order.
 */
export const axisOf = (time: Span, busy: readonly Span[]): Piece[] => {
  const worked = merged(busy, time);
  const total = worked.reduce((sum, span) => sum + span.to - span.from, 0);
  const atLeast = Math.max(shortestFold, total * longIdle);
  const folds = gapsOf(worked, time).filter((gap) => total > 0 && gap.to - gap.from > atLeast);
  const foldShare = Math.min(drawnFold, drawnFolds / Math.max(1, folds.length));
  const real = time.to - time.from - folds.reduce((sum, fold) => sum + fold.to - fold.from, 0);
  const perMillisecond = (1 - foldShare * folds.length) / Math.max(1, real);
  const pieces: Piece[] = [];
  let [moment, start] = [time.from, 0];
  const add = (to: number, isFolded: boolean) => {
    const end = isFolded ? start + foldShare : start + (to - moment) * perMillisecond;
    if (to > moment) {
      pieces.push({ end, from: moment, isFolded, start, to });
    }
    [moment, start] = [to, end];
  };
  for (const fold of folds) {
    add(fold.from, false);
    add(fold.to, true);
  }
  add(time.to, false);
  return pieces;
};

/** The spans in order, without overlaps, limited to `time`. */
const merged = (spans: readonly Span[], time: Span): Span[] => {
  const found: { from: number; to: number }[] = [];
  for (const span of [...spans].sort((one, other) => one.from - other.from)) {
    const [from, to] = [Math.max(span.from, time.from), Math.min(span.to, time.to)];
    const last = found[found.length - 1];
    if (last !== undefined && from <= last.to) {
      last.to = Math.max(last.to, to);
    } else if (to >= from) {
      found.push({ from, to });
    }
  }
  return found;
};

const gapsOf = (worked: readonly Span[], time: Span): Span[] => {
  const ends = [time.from, ...worked.map((span) => span.to)];
  const begins = [...worked.map((span) => span.from), time.to];
  return begins.map((to, index) => ({ from: ends[index] ?? to, to })).filter((gap) => gap.to > gap.from);
};

/** The position of a time in a window, in percent; below 0 or above 100 if outside. */
export const percentOf = (axis: readonly Piece[], { end, start }: Window, moment: number): number => {
  const piece = axis.find((one) => moment <= one.to) ?? axis[axis.length - 1];
  if (piece === undefined) {
    return 0;
  }
  const inside = Math.min(1, Math.max(0, (moment - piece.from) / Math.max(1, piece.to - piece.from)));
  return ((piece.start + inside * (piece.end - piece.start) - start) / (end - start)) * 100;
};

/** The time at a position on the whole axis, from 0 to 1. */
export const momentAt = (axis: readonly Piece[], place: number): number => {
  const piece = axis.find((one) => place <= one.end) ?? axis[axis.length - 1];
  if (piece === undefined) {
    return 0;
  }
  const inside = Math.min(1, Math.max(0, (place - piece.start) / Math.max(Number.EPSILON, piece.end - piece.start)));
  return piece.from + inside * (piece.to - piece.from);
};

/** The times for the scale, evenly spaced as drawn, and none inside a shortened idle time. */
export const ticksOf = (axis: readonly Piece[], { end, start }: Window, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, index) => start + ((end - start) * index) / count)
    .filter((place) => !axis.some((piece) => piece.isFolded && place > piece.start && place < piece.end))
    .map((place) => momentAt(axis, place));

/** The narrowest window, as a fraction of the axis. */
const narrowest = 0.0005;

/** The window between two positions, from 0 to 1, in the shown one. A window that is too small changes nothing. */
export const windowBetween = (shown: Window, one: number, other: number): Window => {
  const width = shown.end - shown.start;
  const [start, end] = [Math.min(one, other), Math.max(one, other)].map((place) => shown.start + Math.min(1, Math.max(0, place)) * width) as [
    number,
    number,
  ];
  return end - start < narrowest || (end - start) / width < 0.01 ? shown : { end, start };
};

/** A window around the middle of the shown one, wider or narrower by a factor. */
export const zoomed = ({ end, start }: Window, factor: number): Window => {
  const width = Math.min(1, Math.max(narrowest, (end - start) * factor));
  const from = Math.min(1 - width, Math.max(0, (start + end) / 2 - width / 2));
  return { end: from + width, start: from };
};

/** The shown window moved right by a fraction of its width, or left if it is negative. */
export const moved = ({ end, start }: Window, by: number): Window => {
  const width = end - start;
  const from = Math.min(1 - width, Math.max(0, start + by * width));
  return { end: from + width, start: from };
};
