/** Views of the list: filters and an order under a name. Those that a reader saves stay in this browser. */

import { viewOf } from "./workflowFilter";

export type View = {
  readonly name: string;
  /** What stands in the address, as `viewOf` writes it. */
  readonly search: string;
};

/** What everybody has. */
export const defaultViews: readonly View[] = [
  { name: "Needs me", search: "flagged=true" },
  {
    name: "Failed today",
    search: "state=failed%2Ccompensating%2Ccompensation_failed%2Ccompensated&updated=today",
  },
  { name: "Slowest", search: "sort=-duration" },
];

export const maxViews = 20;
export const maxNameLength = 60;

const keptUnder = "wfstate.views";

/** The views that were saved in this browser; none where it keeps nothing, or something that we did not write. */
export const savedViews = (): readonly View[] => {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keptUnder) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isView).slice(0, maxViews) : [];
  } catch {
    return [];
  }
};

const isView = (value: unknown): value is View =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  typeof value.name === "string" &&
  "search" in value &&
  typeof value.search === "string";

/** The views with this one, in the place of another one of its name; the oldest go when there are too many. */
export const withView = (views: readonly View[], name: string, address: URLSearchParams): readonly View[] =>
  [...views.filter((view) => view.name !== name), { name, search: viewOf(address) }].slice(-maxViews);

/** Keep the views in this browser. A browser that keeps nothing has them until the page is left. */
export const saveViews = (views: readonly View[]): void => {
  try {
    localStorage.setItem(keptUnder, JSON.stringify(views));
  } catch {
    // Full, or forbidden.
  }
};
