import { Box, Button, DataList, Heading, HStack, Text } from "@chakra-ui/react";
import { useState } from "react";

import type { Subscription } from "../server/model";
import { counted } from "../text/counted";
import { StateBadge } from "../text/StateBadge";
import { StoredText } from "../text/StoredText";
import { timeText } from "../text/time";
import { type SubscriptionAction, SubscriptionDialog } from "./SubscriptionDialog";
import { WaitingDeliveriesTable } from "./WaitingDeliveriesTable";
import { answerText, wantedText } from "./words";

type Props = { readonly done: (outcome: string) => void; readonly subscription: Subscription };

/** A subscription: its state, what it sends, its progress, and what its receiver did not accept. */
export const SubscriptionCard = ({ done, subscription }: Props) => {
  const [action, setAction] = useState<SubscriptionAction>();
  const { parked, retried, state } = subscription;
  const refused = parked + retried;

  return (
    <Box aria-label={subscription.name} as="section" borderRadius="md" borderWidth={1} mb={4} p={4}>
      <HStack justify="space-between" mb={2} wrap="wrap">
        <HStack minWidth={0} wrap="wrap">
          <Heading as="h3" maxWidth="full" minWidth={0} overflowWrap="anywhere" size="md">
            <StoredText text={subscription.name} />
          </Heading>
          <StateBadge state={state} />
          {parked > 0 ? <StateBadge state="parked" /> : undefined}
        </HStack>
        <HStack wrap="wrap">
          {state === "paused" ? undefined : (
            <Button onClick={() => setAction("pause")} size="xs" variant="outline">
              Pause
            </Button>
          )}
          {state !== "active" || refused > 0 ? (
            <Button onClick={() => setAction("continue")} size="xs" variant="outline">
              Continue
            </Button>
          ) : undefined}
          <Button onClick={() => setAction("replay")} size="xs" variant="outline">
            Replay
          </Button>
        </HStack>
      </HStack>
      <DataList.Root orientation="horizontal" size="sm">
        <Fact name="Webhook">{subscription.url}</Fact>
        <Fact name="Notified of">{wantedText(subscription.wanted)}</Fact>
        <Fact name="Last accepted">
          {subscription.last_delivered_at === null ? "nothing yet" : timeText(subscription.last_delivered_at)}
        </Fact>
        {subscription.paused_because === null ? undefined : <Fact name="Paused">{subscription.paused_because}</Fact>}
        {subscription.next_try_at === null ? undefined : (
          <Fact name="Next attempt">{timeText(subscription.next_try_at)}</Fact>
        )}
        {subscription.last_refusal === null ? undefined : (
          <Fact name="Last refusal">
            {`${subscription.last_refused_at === null ? "" : `${timeText(subscription.last_refused_at)}: `}${answerText(subscription.last_refusal)}`}
          </Fact>
        )}
        {refused === 0 ? undefined : (
          <Fact name="Not accepted">
            {`${counted(parked, "workflow")} parked, ${retried} to be retried`}
          </Fact>
        )}
      </DataList.Root>
      {refused === 0 ? undefined : <WaitingDeliveriesTable subscriptionId={subscription.id} />}
      {action === undefined ? undefined : (
        <SubscriptionDialog
          action={action}
          close={() => setAction(undefined)}
          done={done}
          subscription={subscription}
        />
      )}
    </Box>
  );
};

const Fact = ({ children, name }: { readonly children: string; readonly name: string }) => (
  <DataList.Item>
    <DataList.ItemLabel minWidth={24}>{name}</DataList.ItemLabel>
    <DataList.ItemValue minWidth={0}>
      <Text minWidth={0} overflowWrap="anywhere">
        <StoredText text={children} />
      </Text>
    </DataList.ItemValue>
  </DataList.Item>
);
