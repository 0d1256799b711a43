/** The filters of the events page, as kept in its address. Pure. */

import type { EventsQuestion } from "../server/events";
import type { EventState } from "../server/model";

/** The text filters: the label of each input by its name in the address. */
export const textFilters = {
  name: "Workflow name",
  key: "Workflow key",
  type: "Event type",
  source: "Source",
} as const;

export type TextFilter = keyof typeof textFilters;

/** The states to choose from; `waiting` stands for the two that someone can decide about. */
export const eventStates: Readonly<Record<string, string>> = {
  waiting: "parked or dead",
  parked: "parked",
  dead: "dead",
  dropped: "dropped",
};

const states: readonly EventState[] = ["parked", "dead", "dropped"];

export const eventsOfPage = 100;

/** The query for the page that the address names. An unknown state means the waiting events. */
export const eventsQuestionOf = (address: URLSearchParams): EventsQuestion => {
  const state = states.find((name) => name === address.get("events"));
  const texts = (Object.keys(textFilters) as TextFilter[]).flatMap((name): [TextFilter, string][] => {
    const text = address.get(name)?.trim() ?? "";
    return text === "" ? [] : [[name, text]];
  });
  const after = address.get("after");
  return {
    ...Object.fromEntries(texts),
    ...(after === null ? {} : { after }),
    limit: eventsOfPage,
    state: state === undefined ? ["parked", "dead"] : [state],
  };
};

/** The address with changed filters, on the first page; an empty value removes a filter. */
export const narrowed = (address: URLSearchParams, changes: Readonly<Record<string, string>>): URLSearchParams => {
  const next = new URLSearchParams(address);
  next.delete("after");
  for (const [name, text] of Object.entries(changes)) {
    if (text === "") {
      next.delete(name);
    } else {
      next.set(name, text);
    }
  }
  return next;
};
