import { List, Text } from "@chakra-ui/react";

import { ReasonDialog } from "../actions/ReasonDialog";
import { dropEvents, replayEvents } from "../server/events";
import type { EventSummary } from "../server/model";
import { counted } from "../text/counted";
import { StoredText } from "../text/StoredText";
import { aboutText } from "./EventRow";
import { decisionCommand } from "./eventCommand";

export type EventDecision = "drop" | "replay";

type Props = {
  readonly close: () => void;
  readonly decision: EventDecision;
  /** Called with one sentence that says what was done. */
  readonly done: (outcome: string) => void;
  readonly events: readonly EventSummary[];
};

/** Explains what a decision about some events would do, and carries it out. */
export const EventDecisionDialog = ({ close, decision, done, events }: Props) => {
  const isDrop = decision === "drop";
  const [first] = events;

  const send = async (reason: string) => {
    const { changed, events: decided } = await (isDrop ? dropEvents(events, reason) : replayEvents(events, reason));
    const states = [...new Set(decided.map((event) => event.state))];
    const now = states.map((state) => `${decided.filter((event) => event.state === state).length} ${state}`).join(", ");
    done(`${counted(changed, "event")} changed. Now: ${now}.`);
  };

  return (
    <ReasonDialog
      close={close}
      {...(first !== undefined && events.length === 1
        ? { command: (reason: string) => decisionCommand(decision, first, reason) }
        : {})}
      refusal={events.length === 0 ? "None of these events is waiting any more." : undefined}
      requiresReason={isDrop}
      send={send}
      title={`${isDrop ? "Drop" : "Apply again"}: ${counted(events.length, "event")}`}
      verb={isDrop ? "Drop" : "Apply again"}
    >
      <Text mb={3}>
        {isDrop
          ? "Dropped events are ignored. They move no step, and if they are sent again they count as duplicates. You cannot undo this."
          : "Each event is applied once, if its workflow exists. If the workflow does not exist, the event is parked again. If it still cannot be applied, it stays dead."}
      </Text>
      <List.Root fontSize="sm" ps={5}>
        {events.map((event) => (
          <List.Item key={`${event.source} ${event.id}`} overflowWrap="anywhere">
            <StoredText text={event.type} />
            {", for "}
            <StoredText text={aboutText(event)} />
            {", from "}
            <StoredText text={event.source} />
          </List.Item>
        ))}
      </List.Root>
    </ReasonDialog>
  );
};
