import { Link, Table, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { workflowAddress } from "../airflow/airflow";
import { Freshness } from "../notices/Notices";
import { getWaitingDeliveries } from "../server/subscriptions";
import { useFresh } from "../server/useFresh";
import { Ellipsis } from "../text/Ellipsis";
import { timeText } from "../text/time";
import { answerText } from "./words";

/** The workflows whose deliveries are blocked, each with the receiver's last response. */
export const WaitingDeliveriesTable = ({ subscriptionId }: { readonly subscriptionId: string }) => {
  const fresh = useFresh(`deliveries ${subscriptionId}`, (signal) => getWaitingDeliveries(subscriptionId, signal), 15);
  const { value } = fresh;

  return (
    <>
      <Freshness fresh={fresh} isPart lines={2} />
      {value === undefined || value.deliveries.length === 0 ? undefined : (
        <Table.ScrollArea mt={3}>
          <Table.Root aria-label="Not accepted" size="sm">
            <Table.Header>
              <Table.Row>
                <Table.ColumnHeader>Workflow</Table.ColumnHeader>
                <Table.ColumnHeader>Entry</Table.ColumnHeader>
                <Table.ColumnHeader>Attempts</Table.ColumnHeader>
                <Table.ColumnHeader>Since</Table.ColumnHeader>
                <Table.ColumnHeader>Next attempt</Table.ColumnHeader>
                <Table.ColumnHeader>Last answer</Table.ColumnHeader>
              </Table.Row>
            </Table.Header>
            <Table.Body>
              {value.deliveries.map((delivery) => (
                <Table.Row key={delivery.workflow_id}>
                  <Table.Cell maxWidth="64" minWidth="36">
                    <Link asChild color="fg.info" display="block">
                      <RouterLink to={workflowAddress(delivery.workflow_id)}>
                        <Ellipsis text={`${delivery.name} ${delivery.key}`} />
                      </RouterLink>
                    </Link>
                  </Table.Cell>
                  <Table.Cell>{delivery.number}</Table.Cell>
                  <Table.Cell>{delivery.attempts}</Table.Cell>
                  <Table.Cell whiteSpace="nowrap">{timeText(delivery.since)}</Table.Cell>
                  <Table.Cell whiteSpace="nowrap">
                    {delivery.next_try_at === null ? "parked" : timeText(delivery.next_try_at)}
                  </Table.Cell>
                  <Table.Cell maxWidth="80" minWidth="44">
                    <Ellipsis lines={2} text={answerText(delivery.last_refusal)} />
                  </Table.Cell>
                </Table.Row>
              ))}
            </Table.Body>
          </Table.Root>
        </Table.ScrollArea>
      )}
      {value !== undefined && value.total > value.deliveries.length ? (
        <Text color="fg.muted" fontSize="sm">{`Showing the first ${value.deliveries.length} of ${value.total}.`}</Text>
      ) : undefined}
    </>
  );
};
