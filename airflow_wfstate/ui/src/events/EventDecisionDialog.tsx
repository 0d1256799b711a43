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
  /** Is told what was done, in one sentence. */
  readonly done: (outcome: string) => void;
  readonly events: readonly EventSummary[];
};

/** What a decision about some events would do, and the button that does it. */
export const EventDecisionDialog = ({ close, decision, done, events }: Props) => {
  const isDrop = decision === "drop";
  const [first] = events;

  const send = async (reason: string) => {
    const { changed, events: decided } = await (isDrop ? dropEvents(events, reason) : replayEvents(events, reason));
    const states = [...new Set(decided.map((event) => event.state))];
    const now = states.map((state) => `${decided.filter((event) => event.state === state).length} ${state}`).join(", ");
    done(`${counted(changed, "event")} changed: ${now} now.`);
  };

  return (
    <ReasonDialog
      close={close}
      {...(first !== undefined && events.length === 1
        ? { command: (reason: string) => decisionCommand(decision, first, reason) }
        : {})}
      refusal={events.length === 0 ? "None of them waits any more." : undefined}
      requiresReason={isDrop}
      send={send}
      title={`${isDrop ? "Drop" : "Apply again"}: ${counted(events.length, "event")}`}
      verb={isDrop ? "Drop" : "Apply again"}
    >
      <Text mb={3}>
        {isDrop
          ? "They will not count: no step moves by them, and sent again they are duplicates. This cannot be taken back."
          : "Each is applied if its workflow is there, once. Where it is not, the event is parked anew; where it still cannot be applied, it stays dead."}
      </Text>
      <List.Root fontSize="sm" ps={5}>
        {events.map((event) => (
          <List.Item key={`${event.source} ${event.id}`} overflowWrap="anywhere">
            <StoredText text={event.type} />
            {", for "}
            <StoredText text={aboutText(event)} />
            {", of "}
            <StoredText text={event.source} />
          </List.Item>
        ))}
      </List.Root>
    </ReasonDialog>
  );
};
