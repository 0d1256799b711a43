import { Heading, Text } from "@chakra-ui/react";
import { useState } from "react";

import { Freshness, Nothing, OutcomeNotice } from "../notices/Notices";
import { getRights } from "../server/events";
import { getSubscriptions } from "../server/subscriptions";
import { useFresh } from "../server/useFresh";
import { useTitle } from "../workflow/useTitle";
import { SubscriptionCard } from "./SubscriptionCard";

/** The webhooks that receive changes, for users who may manage them. */
export const SubscriptionsPage = () => {
  useTitle("Subscriptions");
  const rights = useFresh("rights", getRights, 300);
  const operates = rights.value?.operates ?? false;
  const fresh = useFresh(`subscriptions ${operates}`, async (signal) => (operates ? getSubscriptions(signal) : []));
  const [told, setTold] = useState<string>();

  return (
    <>
      <Heading mb={1} size="lg">
        Subscriptions
      </Heading>
      <Text color="fg.muted" fontSize="sm" mb={4} maxWidth="4xl">
        Webhooks that receive changes of workflows and steps, in order for each workflow. Add and remove them, and set
        their secrets, on the command line: airflow wfstate subscriptions.
      </Text>
      {told === undefined ? undefined : <OutcomeNotice dismiss={() => setTold(undefined)}>{told}</OutcomeNotice>}
      <Freshness fresh={rights} lines={3} />
      {rights.value !== undefined && !operates ? (
        <Nothing>
          You are not allowed to manage subscriptions. You need permission to change the runs of every DAG.
        </Nothing>
      ) : undefined}
      {operates ? <Freshness fresh={fresh} lines={6} /> : undefined}
      {operates && fresh.value?.length === 0 ? (
        <Nothing>There are no subscriptions. Add one with: airflow wfstate subscriptions add NAME URL</Nothing>
      ) : undefined}
      {fresh.value?.map((subscription) => (
        <SubscriptionCard
          done={(outcome) => {
            setTold(outcome);
            fresh.refresh();
          }}
          key={subscription.id}
          subscription={subscription}
        />
      ))}
    </>
  );
};
