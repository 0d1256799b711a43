/** The filters of the page of events, as they stand in its address. Pure. */

import type { EventsQuestion } from "../server/events";
import type { EventState } from "../server/model";

/** What the page can be narrowed to, by the name in the address: the label of its input. */
export const textFilters = {
  name: "Workflow name",
  key: "Workflow key",
  type: "Event type",
  source: "Source",
} as const;

export type TextFilter = keyof typeof textFilters;

/** The states that can be chosen; `waiting` is both that an operator may decide about. */
export const eventStates: Readonly<Record<string, string>> = {
  waiting: "parked or dead",
  parked: "parked",
  dead: "dead",
  dropped: "dropped",
};

const states: readonly EventState[] = ["parked", "dead", "dropped"];

export const eventsOfPage = 100;

/** What to ask for the page that the address names; a name of a state that there is not means those that wait. */
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

/** The address with other filters, on the first page; an empty value takes a filter away. */
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
