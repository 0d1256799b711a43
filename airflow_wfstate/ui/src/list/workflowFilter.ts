/** The filters of the list, as kept in the page's address, so that links can be shared. */

import type { StatsQuestion, WorkflowsQuestion } from "../server/client";
import { openStates, stepStates, type WorkflowSort, type WorkflowState, workflowStates } from "../server/model";
import { dayOf, parsedMoment } from "../text/time";

export const pageSize = 50;

/** The length of a search text in characters; the server finds no shorter ones. */
export const leastText = 3;
export const mostText = 200;

const hours = (count: number) => (now: number) => new Date(now - count * 3_600_000).toISOString();

type Period = { readonly begin: (now: number) => string | undefined; readonly label: string };

/** Periods up to now, by their name in the address. */
export const periods: Readonly<Record<string, Period>> = {
  today: { begin: dayOf, label: "today" },
  hour: { begin: hours(1), label: "last hour" },
  day: { begin: hours(24), label: "last 24 hours" },
  week: { begin: hours(168), label: "last 7 days" },
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
  "-duration",
  "duration",
];

/** The order with this name; undefined for anything else. */
export const sortNamed = (name: string | null): WorkflowSort | undefined => sorts.find((sort) => sort === name);

/** The order that the address names; newest first by default. */
export const sortOf = (address: URLSearchParams): WorkflowSort => sortNamed(address.get("sort")) ?? "-started_at";

/** The states that `open`, or a comma-separated list of states, stands for; none for anything else. */
export const statesOf = (names: string | null): readonly WorkflowState[] =>
  names === "open" ? openStates : workflowStates.filter((state) => names?.split(",").includes(state));

/** The part of such a list that is not a state; empty when there is none. */
export const unknownStatesOf = (names: string): string =>
  names === "open" ? "" : names.split(",").filter((name) => !workflowStates.some((state) => state === name)).join(",");

/** The address with changed filters, on the first page. An empty value removes a filter. */
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

/** The address with one more label (`name=value`), which replaces another value of the same name. */
export const withLabel = (address: URLSearchParams, label: string): URLSearchParams => {
  const name = label.slice(0, label.indexOf("=") + 1);
  const next = changed(address, { label: "" });
  for (const kept of address.getAll("label").filter((other) => !other.startsWith(name))) {
    next.append("label", kept);
  }
  next.append("label", label);
  return next;
};

/** The address without a label. */
export const withoutLabel = (address: URLSearchParams, label: string): URLSearchParams => {
  const next = changed(address, { label: "" });
  for (const kept of address.getAll("label").filter((other) => other !== label)) {
    next.append("label", kept);
  }
  return next;
};

/** Whether a label can be used as a filter: it needs a name and a value. */
export const isLabel = (text: string): boolean => /^[^=]+=./.test(text);

/**
 * The query without the states, because the counts are grouped by state.
 *
 * @param dagId only workflows in which this DAG takes part; undefined for all.
 * @param now milliseconds since 1970.
 */
export const filtersOf = (address: URLSearchParams, dagId: string | undefined, now: number): StatsQuestion => {
  const given = (name: string): string | undefined => address.get(name)?.trim() || undefined;
  const label = address.getAll("label").filter(isLabel);
  const step = stepStateOf(address.get("step"));
  const asked = {
    contains: askedText(given("contains")),
    dag_id: dagId ?? given("dag"),
    error: askedText(given("error")),
    label: label.length === 0 ? undefined : label,
    name: given("name"),
    search: given("search"),
    since: later(momentIn(address, "from"), periods[address.get("since") ?? ""]?.begin(now)),
    step_state: step === undefined ? undefined : [step],
    stuck: isFlagged(address.get("flagged")) ? true : undefined,
    until: momentIn(address, "to"),
    updated_since: periods[address.get("updated") ?? ""]?.begin(now),
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
};

/** The part of a search text that the server accepts; undefined for a text that is too short. */
export const askedText = (text: string | undefined): string | undefined =>
  text === undefined || [...text.trim()].length < leastText ? undefined : text.trim().slice(0, mostText);

/** The step state that the address names; undefined for anything else. */
export const stepStateOf = (name: string | null) => stepStates.find((state) => state === name);

/** Whether the address asks for what needs attention. */
export const isFlagged = (text: string | null): boolean => text === "true";

/** The time in a parameter of the address, in UTC unless it has an offset; undefined when there is none. */
const momentIn = (address: URLSearchParams, name: string): string | undefined => {
  const moment = parsedMoment(address.get(name) ?? "");
  return Number.isNaN(moment) ? undefined : new Date(moment).toISOString();
};

/** The later of two times, because both filters apply; the other one if only one is set. */
const later = (one: string | undefined, other: string | undefined): string | undefined =>
  one === undefined || (other !== undefined && other > one) ? other : one;

/** The query for the page of the list that the address names. */
export const questionOf = (address: URLSearchParams, dagId: string | undefined, now: number): WorkflowsQuestion => {
  const cursor = address.get("cursor");
  const states = statesOf(address.get("state"));
  return {
    ...filtersOf(address, dagId, now),
    ...(states.length === 0 ? {} : { state: [...states] }),
    ...(cursor === null ? {} : { cursor }),
    limit: pageSize,
    sort: sortOf(address),
  };
};

const filterNames = ["state", "search", "name", "dag", "since", "flagged", "label", "step", "from", "to", "updated", "contains", "error"];

/** Whether any filter is set. */
export const isFiltered = (address: URLSearchParams): boolean => filterNames.some((name) => address.has(name));

/** What tells two views apart: the filters and the order of an address, without the page. */
export const viewOf = (address: URLSearchParams): string => {
  const kept = [...address].filter(([name, value]) => value !== "" && (name === "sort" || filterNames.includes(name)));
  const view = new URLSearchParams(kept);
  view.sort();
  return view.toString();
};
