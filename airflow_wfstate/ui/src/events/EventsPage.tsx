import { Button, Heading, HStack, Input, NativeSelect, Text } from "@chakra-ui/react";
import { useState } from "react";

import { useAddress } from "../address/useAddress";
import { toggled } from "../list/Choice";
import { SelectionLine } from "../list/SelectionLine";
import { Freshness, Nothing, OutcomeNotice } from "../notices/Notices";
import { type EventKey, getEvents, getRights } from "../server/events";
import type { EventSummary } from "../server/model";
import { useFresh } from "../server/useFresh";
import { counted } from "../text/counted";
import { useTitle } from "../workflow/useTitle";
import { type EventDecision, EventDecisionDialog } from "./EventDecisionDialog";
import { EventRow } from "./EventRow";
import { eventsQuestionOf, eventStates, narrowed, type TextFilter, textFilters } from "./eventFilter";

const keyOf = ({ id, source }: EventKey): string => JSON.stringify([source, id]);

/** Whether someone can still decide about the event. */
const isOpen = ({ state }: EventSummary): boolean => state === "parked" || state === "dead";

/** Events whose workflow does not exist yet, and events that could not be applied: inspect, apply again or drop them. */
export const EventsPage = () => {
  useTitle("Waiting events");
  const [address, setAddress] = useAddress();
  const question = eventsQuestionOf(address);
  const fresh = useFresh(`events ${JSON.stringify(question)}`, (signal) => getEvents(question, signal));
  const rights = useFresh("rights", getRights, 300).value;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [decision, setDecision] = useState<EventDecision>();
  const [told, setTold] = useState<string>();
  const events = fresh.value?.events ?? [];
  const picked = events.filter((event) => isOpen(event) && chosen.has(keyOf(event)));
  const operates = rights?.operates ?? false;
  const narrow = (changes: Record<string, string>) => {
    setChosen(new Set());
    setAddress((last) => narrowed(last, changes));
  };

  return (
    <>
      <Heading mb={1} size="lg">
        Waiting events
      </Heading>
      <Text color="fg.muted" fontSize="sm" mb={4} maxWidth="4xl">
        A parked event is applied when its workflow starts. A dead event waited too long, or could not be applied. Fix the
        cause and apply it again, or drop it.
      </Text>
      {told === undefined ? undefined : <OutcomeNotice dismiss={() => setTold(undefined)}>{told}</OutcomeNotice>}
      <HStack mb={4} wrap="wrap">
        <NativeSelect.Root size="sm" width={{ base: "full", md: "40" }}>
          <NativeSelect.Field
            aria-label="State"
            onChange={(event) => narrow({ events: event.currentTarget.value })}
            value={address.get("events") ?? "waiting"}
          >
            {Object.entries(eventStates).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
        {(Object.keys(textFilters) as TextFilter[]).map((name) => (
          <TextInput change={(text) => narrow({ [name]: text })} key={`${name} ${address.get(name) ?? ""}`} label={textFilters[name]} value={address.get(name) ?? ""} />
        ))}
      </HStack>
      <Freshness fresh={fresh} lines={8} />
      {fresh.value !== undefined && events.length === 0 ? <Nothing>No events are in this state.</Nothing> : undefined}
      {operates && events.some(isOpen) ? (
        <SelectionLine label="Actions on the selected events">
          {picked.length === 0 ? (
            "Select events to apply again or drop."
          ) : (
            <>
              <Text fontSize="sm">{`${counted(picked.length, "event")} selected`}</Text>
              <Button onClick={() => setDecision("replay")} size="xs" variant="outline">
                Apply again
              </Button>
              <Button onClick={() => setDecision("drop")} size="xs" variant="outline">
                Drop
              </Button>
            </>
          )}
        </SelectionLine>
      ) : undefined}
      {events.map((event) => (
        <EventRow
          chosen={chosen.has(keyOf(event))}
          event={event}
          key={keyOf(event)}
          {...(operates && isOpen(event) ? { toggle: () => setChosen(toggled(chosen, keyOf(event))) } : {})}
        />
      ))}
      <HStack justify="flex-end" mt={4}>
        {address.has("after") ? (
          <Button onClick={() => narrow({})} size="sm" variant="outline">
            First page
          </Button>
        ) : undefined}
        {fresh.value?.next_after ? (
          <Button onClick={() => narrow({ after: fresh.value?.next_after ?? "" })} size="sm" variant="outline">
            Next page
          </Button>
        ) : undefined}
      </HStack>
      {decision === undefined ? undefined : (
        <EventDecisionDialog
          close={() => setDecision(undefined)}
          decision={decision}
          done={(outcome) => {
            setTold(outcome);
            setChosen(new Set());
            fresh.refresh();
          }}
          events={picked}
        />
      )}
    </>
  );
};

type TextInputProps = { readonly change: (text: string) => void; readonly label: string; readonly value: string };

/** An exact-text filter of the page, applied on Enter or when the field loses focus. */
const TextInput = ({ change, label, value }: TextInputProps) => {
  const [text, setText] = useState(value);
  const ask = () => (text.trim() === value ? undefined : change(text.trim()));

  return (
    <Input
      aria-label={label}
      maxLength={1000}
      onBlur={ask}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => (event.key === "Enter" ? ask() : undefined)}
      placeholder={label}
      size="sm"
      value={text}
      width={{ base: "full", md: "44" }}
    />
  );
};
