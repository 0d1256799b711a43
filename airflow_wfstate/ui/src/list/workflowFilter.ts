/** The filters of the list, as they stand in the page's address: a link shows the same to others. */

import type { StatsQuestion, WorkflowsQuestion } from "../server/client";
import { openStates, type WorkflowSort, type WorkflowState, workflowStates } from "../server/model";

export const pageSize = 50;

/** How long ago a workflow may have started, by the name in the address. */
export const periods: Readonly<Record<string, { readonly hours: number; readonly label: string }>> = {
  day: { hours: 24, label: "last 24 hours" },
  hour: { hours: 1, label: "last hour" },
  week: { hours: 168, label: "last 7 days" },
};

const sorts: readonly WorkflowSort[] = [
  "-started_at",
  "started_at",
  "-updated_at",
  "updated_at",
  "name",
  "-name",
  "key",
  "-key",
];

/** The order that the address names; the newest first when it names none. */
export const sortOf = (address: URLSearchParams): WorkflowSort =>
  sorts.find((sort) => sort === address.get("sort")) ?? "-started_at";

/** The states that `open`, or the name of a state, stands for; none for anything else. */
export const statesOf = (name: string | null): readonly WorkflowState[] =>
  name === "open" ? openStates : workflowStates.filter((state) => state === name);

/** The address with other filters, on the first page. An empty value takes a filter away. */
export const changed = (address: URLSearchParams, changes: Readonly<Record<string, string>>): URLSearchParams => {
  const next = new URLSearchParams(address);
  next.delete("cursor");
  for (const [name, text] of Object.entries(changes)) {
    if (text === "") {
      next.delete(name);
    } else {
      next.set(name, text);
    }
  }
  return next;
};

/**
 * The filters but for the state, which the counts are made of.
 *
 * @param dagId only workflows in which this DAG takes part; undefined for all.
 */
export const filtersOf = (address: URLSearchParams, dagId: string | undefined, now: number): StatsQuestion => {
  const search = address.get("search") ?? "";
  const name = address.get("name") ?? "";
  const dag = dagId ?? address.get("dag") ?? "";
  const period = periods[address.get("since") ?? ""];
  return {
    ...(search === "" ? {} : { search }),
    ...(name === "" ? {} : { name }),
    ...(dag === "" ? {} : { dag_id: dag }),
    ...(period === undefined ? {} : { since: new Date(now - period.hours * 3_600_000).toISOString() }),
  };
};

/** What to ask for the page of the list that the address names. */
export const questionOf = (address: URLSearchParams, dagId: string | undefined, now: number): WorkflowsQuestion => {
  const cursor = address.get("cursor");
  const states = statesOf(address.get("state"));
  return {
    ...filtersOf(address, dagId, now),
    ...(states.length === 0 ? {} : { state: [...states] }),
    ...(address.get("flagged") === "true" ? { stuck: true } : {}),
    ...(cursor === null ? {} : { cursor }),
    limit: pageSize,
    sort: sortOf(address),
  };
};

/** Whether any filter is set. */
export const isFiltered = (address: URLSearchParams): boolean =>
  ["state", "search", "name", "dag", "since", "flagged"].some((name) => address.has(name));
