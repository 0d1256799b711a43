/** Views of the list: named filters and order. Saved views stay in this browser. */

import { viewOf } from "./workflowFilter";

export type View = {
  readonly name: string;
  /** The query of the address, as `viewOf` writes it. */
  readonly search: string;
};

/** The views that everyone has. */
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

/** The views saved in this browser; none if it stores nothing, or something that this page did not write. */
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

/** The views with this one added or replaced by name. The oldest are removed when there are too many. */
export const withView = (views: readonly View[], name: string, address: URLSearchParams): readonly View[] =>
  [...views.filter((view) => view.name !== name), { name, search: viewOf(address) }].slice(-maxViews);

/** Saves the views in this browser. If it cannot store them, they last until the page is closed. */
export const saveViews = (views: readonly View[]): void => {
  try {
    localStorage.setItem(keptUnder, JSON.stringify(views));
  } catch {
    // The storage is full or not allowed.
  }
};
