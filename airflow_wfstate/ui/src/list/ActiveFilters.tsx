import { Button, HStack, Text } from "@chakra-ui/react";

import type { ChangeAddress } from "../address/useAddress";
import { words } from "../server/model";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { parsedMoment, timeText } from "../text/time";
import {
  askedText,
  changed,
  isFlagged,
  isLabel,
  periods,
  sortNamed,
  statesOf,
  stepStateOf,
  unknownStatesOf,
  withoutLabel,
} from "./workflowFilter";

type Props = { readonly address: URLSearchParams; readonly change: ChangeAddress };

type Chip = { readonly text: string; readonly without: (address: URLSearchParams) => URLSearchParams };

/** The active filters, in words; a click removes one. */
export const ActiveFilters = ({ address, change }: Props) => {
  const chips = chipsOf(address);

  return chips.length === 0 ? undefined : (
    <HStack aria-label="Filters" gap={1} mb={4} role="group" wrap="wrap">
      {chips.map(({ text, without }) => (
        <Button
          aria-label={`Remove the filter ${shownText(text)}`}
          fontWeight="normal"
          key={text}
          maxWidth="72"
          onClick={() => change(without)}
          size="2xs"
          title={shownText(text)}
          variant="surface"
        >
          <Text as="span" truncate>
            <StoredText text={text} />
          </Text>
          <span aria-hidden="true">×</span>
        </Button>
      ))}
      <Button onClick={() => change(cleared)} size="2xs" variant="ghost">
        Clear all
      </Button>
    </HStack>
  );
};

/** The address without filters, but with its sort order. */
const cleared = (address: URLSearchParams): URLSearchParams => {
  const sort = sortNamed(address.get("sort"));
  return new URLSearchParams(sort === undefined ? {} : { sort });
};

/** The text of each filter; undefined for an invalid value. */
const texts: Readonly<Record<string, (value: string) => string | undefined>> = {
  search: (value) => `key or id starts with ${value}`,
  contains: (value) => textWith("key or label contains", askedText(value)),
  error: (value) => textWith("error contains", askedText(value)),
  name: (value) => `name is ${value}`,
  dag: (value) => `DAG is ${value}`,
  since: (value) => periodText("started", value),
  updated: (value) => periodText("last changed", value),
  from: (value) => momentText("started from", value),
  to: (value) => momentText("started before", value),
  step: (value) => textWith("a step is", stepStateOf(value) && words(value)),
  flagged: (value) => (isFlagged(value) ? "needs attention" : undefined),
};

const textWith = (what: string, value: string | undefined): string | undefined =>
  value === undefined ? undefined : `${what} ${value}`;

const periodText = (what: string, name: string): string | undefined => {
  const period = periods[name];
  return period === undefined ? undefined : `${what}: ${period.label}`;
};

const momentText = (what: string, value: string): string | undefined =>
  Number.isNaN(parsedMoment(value)) ? undefined : `${what} ${timeText(new Date(parsedMoment(value))).slice(0, 16)}`;

/** A filter from a shortened or mistyped link. The list is longer than the sender meant. */
const ignored = (name: string, value: string): string => `not understood, ignored: ${name}=${value}`;

/** The states of the address, and apart from them what is not a state. A click on one leaves the other. */
const stateChips = (value: string): Chip[] => {
  const known = value === "open" ? "open" : statesOf(value).join(",");
  const unknown = unknownStatesOf(value);
  return [
    ...(known === "" ? [] : [{ text: statesText(known), without: withState(unknown) }]),
    ...(unknown === "" ? [] : [{ text: ignored("state", unknown), without: withState(known) }]),
  ];
};

const statesText = (known: string): string => known.split(",").map(words).join(" or ");

const withState =
  (state: string) =>
  (address: URLSearchParams): URLSearchParams =>
    changed(address, { state });

/** An order has no chip, unless there is no such order. */
const sortChips = (value: string): Chip[] =>
  value === "" || sortNamed(value) !== undefined
    ? []
    : [{ text: ignored("sort", value), without: (current) => changed(current, { sort: "" }) }];

const chipsOf = (address: URLSearchParams): Chip[] => [
  ...stateChips(address.get("state") ?? ""),
  ...Object.entries(texts).flatMap(([name, textOf]) => {
    const value = address.get(name);
    return value === null || value === ""
      ? []
      : [{ text: textOf(value) ?? ignored(name, value), without: (current: URLSearchParams) => changed(current, { [name]: "" }) }];
  }),
  ...address.getAll("label").map((label) => ({
    text: isLabel(label) ? label : ignored("label", label),
    without: (current: URLSearchParams) => withoutLabel(current, label),
  })),
  ...sortChips(address.get("sort") ?? ""),
];
