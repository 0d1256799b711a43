import { Field, Input, Text } from "@chakra-ui/react";
import { useState } from "react";

import { quoted } from "../actions/command";
import { ReasonDialog } from "../actions/ReasonDialog";
import type { Subscription } from "../server/model";
import { words } from "../server/model";
import { continueSubscription, pauseSubscription, replaySubscription } from "../server/subscriptions";
import { isStart } from "./words";

export type SubscriptionAction = "continue" | "pause" | "replay";

type Props = {
  readonly action: SubscriptionAction;
  readonly close: () => void;
  /** Called with one sentence that says what was done. */
  readonly done: (outcome: string) => void;
  readonly subscription: Subscription;
};

const titles: Readonly<Record<SubscriptionAction, string>> = { continue: "Continue", pause: "Pause", replay: "Replay" };

const effects: Readonly<Record<SubscriptionAction, string>> = {
  continue: "Delivery continues from where it stopped. Events that the receiver did not accept are sent again at once.",
  pause: "Nothing is sent until you continue the subscription. Nothing is lost: delivery continues from the same point.",
  replay:
    "Delivery continues from another point, earlier or later. Events keep their ids. Pending retries are discarded; events after that point are sent again.",
};

/** Explains what an action would do to a subscription, and carries it out. */
export const SubscriptionDialog = ({ action, close, done, subscription }: Props) => {
  const { id, name } = subscription;
  const [start, setStart] = useState("");
  const isReplay = action === "replay";

  const act = (reason: string): Promise<Subscription> =>
    isReplay
      ? replaySubscription(id, start.trim())
      : action === "pause"
        ? pauseSubscription(id, reason)
        : continueSubscription(id);

  return (
    <ReasonDialog
      close={close}
      command={(reason) =>
        [
          ...["airflow", "wfstate", "subscriptions", action, name],
          ...(isReplay ? [`--from=${start.trim()}`] : []),
          ...(action === "pause" && reason !== "" ? [`--reason=${reason}`] : []),
        ]
          .map(quoted)
          .join(" ")
      }
      hasReason={action === "pause"}
      refusal={isReplay && !isStart(start.trim()) ? "Choose where to replay from." : undefined}
      send={async (reason) => {
        const { name: changed, state } = await act(reason);
        done(`Subscription ${changed} is ${words(state)}${isReplay ? ` and replays from ${start.trim()}` : ""}.`);
      }}
      title={`${titles[action]} ${name}`}
      verb={titles[action]}
    >
      <Text mb={3}>{effects[action]}</Text>
      {isReplay ? (
        <Field.Root mb={2} required>
          <Field.Label>From</Field.Label>
          <Input
            maxLength={200}
            onChange={(event) => setStart(event.currentTarget.value)}
            placeholder="beginning, now, 2026-11-24T08:00:00Z, or the id of an event"
            size="sm"
            value={start}
          />
          <Field.HelperText>
            Enter beginning, now, a time with its UTC offset, or the id of a delivered event.
          </Field.HelperText>
        </Field.Root>
      ) : undefined}
    </ReasonDialog>
  );
};
