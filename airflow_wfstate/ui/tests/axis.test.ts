import { describe, expect, it } from "vitest";

import { axisOf, momentAt, moved, percentOf, ticksOf, whole, windowBetween, zoomed } from "../src/timeline/axis";

const minute = 60_000;

describe("axisOf", () => {
  it("is one piece where something is always at work", () => {
    expect(axisOf({ from: 0, to: 100 }, [{ from: 0, to: 100 }])).toEqual([
      { end: 1, from: 0, isFolded: false, start: 0, to: 100 },
    ]);
  });

  it("cuts eighteen minutes without work between two that took seconds", () => {
    const axis = axisOf({ from: 0, to: 18 * minute + 4000 }, [
      { from: 0, to: 2000 },
      { from: 18 * minute + 2000, to: 18 * minute + 4000 },
    ]);
    expect(axis.map(({ isFolded }) => isFolded)).toEqual([false, true, false]);
    expect(percentOf(axis, whole, 2000)).toBeCloseTo(48);
    expect(percentOf(axis, whole, 18 * minute + 2000)).toBeCloseTo(52);
  });

  it("keeps a gap that is short beside the work", () => {
    const axis = axisOf({ from: 0, to: 100_000 }, [
      { from: 0, to: 45_000 },
      { from: 55_000, to: 100_000 },
    ]);
    expect(axis.some(({ isFolded }) => isFolded)).toBe(false);
  });

  it("cuts nothing where nothing was ever at work", () => {
    expect(axisOf({ from: 0, to: 18 * minute }, []).map(({ isFolded }) => isFolded)).toEqual([false]);
  });

  it("gives all cuts together at most half of the axis", () => {
    const busy = Array.from({ length: 100 }, (_, index) => ({ from: index * 30 * minute, to: index * 30 * minute + 1000 }));
    const axis = axisOf({ from: 0, to: 100 * 30 * minute }, busy);
    const cut = axis.filter(({ isFolded }) => isFolded).reduce((sum, { end, start }) => sum + end - start, 0);
    expect(cut).toBeCloseTo(0.5);
    expect(axis[axis.length - 1]?.end).toBeCloseTo(1);
  });
});

describe("places on the axis", () => {
  const axis = axisOf({ from: 0, to: 1000 }, [{ from: 0, to: 1000 }]);

  it("are told in percent of the window, and back", () => {
    expect(percentOf(axis, { end: 0.5, start: 0 }, 250)).toBeCloseTo(50);
    expect(percentOf(axis, { end: 0.5, start: 0 }, 1000)).toBeCloseTo(200);
    expect(momentAt(axis, 0.25)).toBeCloseTo(250);
  });

  it("have ticks evenly apart, and none inside what was cut", () => {
    expect(ticksOf(axis, whole, 4)).toEqual([0, 250, 500, 750, 1000]);
    const cut = axisOf({ from: 0, to: 18 * minute }, [
      { from: 0, to: 1000 },
      { from: 18 * minute - 1000, to: 18 * minute },
    ]);
    expect(ticksOf(cut, whole, 2)).toHaveLength(2);
  });
});

describe("windows", () => {
  it("are what was dragged over, in either direction", () => {
    expect(windowBetween({ end: 1, start: 0.5 }, 0.5, 0)).toEqual({ end: 0.75, start: 0.5 });
  });
  it("do not follow a drag that was none", () => expect(windowBetween(whole, 0.5, 0.501)).toBe(whole));
  it("zoom around their middle, and out to the whole at most", () => {
    expect(zoomed(whole, 0.5)).toEqual({ end: 0.75, start: 0.25 });
    expect(zoomed({ end: 0.2, start: 0 }, 100)).toEqual(whole);
  });
  it("stop at the ends", () => expect(moved({ end: 1, start: 0.5 }, 0.5)).toEqual({ end: 1, start: 0.5 }));
});
