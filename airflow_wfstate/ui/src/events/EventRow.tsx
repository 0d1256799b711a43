import { Box, DataList, Flex, Link, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";
import { Link as RouterLink } from "react-router-dom";

import { workflowAddress } from "../airflow/airflow";
import { Choice } from "../list/Choice";
import { getEvent } from "../server/events";
import { sizeText } from "../server/json";
import type { EventSummary } from "../server/model";
import { Ellipsis } from "../text/Ellipsis";
import { shownText } from "../text/shownText";
import { StateBadge } from "../text/StateBadge";
import { StoredText } from "../text/StoredText";
import { timeText } from "../text/time";
import { EventBody } from "./EventBody";

type Props = {
  readonly chosen: boolean;
  readonly event: EventSummary;
  /** Selects the event for a decision; left out if there is nothing to decide. */
  readonly toggle?: () => void;
};

/** The workflow that an event is for. */
export const aboutText = ({ correlation_id: correlationId, key, name }: EventSummary): string =>
  name !== null ? `${name} ${key ?? ""}`.trim() : `correlation id ${correlationId ?? ""}`;

/** An event: its state, its type and its workflow. It unfolds to the details and the body. */
export const EventRow = ({ chosen, event, toggle }: Props) => (
  <Flex align="flex-start" borderBottomWidth={1} gap={3} py={2}>
    {toggle === undefined ? undefined : (
      <Box pt={0.5}>
        <Choice checked={chosen} label={`Select the event ${shownText(event.id)}`} toggle={toggle} />
      </Box>
    )}
    <Box asChild flex="1" minWidth={0}>
      <details>
        <Box as="summary" columnGap={3} cursor="pointer" display="grid" fontSize="sm" gridTemplateColumns={columns}>
          <span>
            <StateBadge state={event.state} />
          </span>
          <Ellipsis text={event.type} />
          <Box as="span" gridColumn={wholeLine} minWidth={0}>
            <Ellipsis text={aboutText(event)} />
          </Box>
          <Text as="span" color="fg.muted" gridColumn={wholeLine} whiteSpace="nowrap">
            {timeText(event.received_at)}
          </Text>
          {event.reason === null ? undefined : (
            <Box as="span" color="fg.muted" fontSize="xs" gridColumn="1 / -1" mt={1}>
              <Ellipsis lines={2} text={event.reason} />
            </Box>
          )}
        </Box>
        <Box bg="bg.subtle" borderRadius="md" mt={2} p={3}>
          <DataList.Root orientation="horizontal" size="sm">
            <Fact name="Source">{event.source}</Fact>
            <Fact name="Event id">{event.id}</Fact>
            <Fact name="Sender">{event.sender}</Fact>
            {event.correlation_id === null ? undefined : <Fact name="Correlation id">{event.correlation_id}</Fact>}
            <Fact name="In this state">{`since ${timeText(event.changed_at)}`}</Fact>
            <Fact name="Size">{sizeText(event.size)}</Fact>
            {event.reason === null ? undefined : <Fact name="Reason">{event.reason}</Fact>}
          </DataList.Root>
          {event.workflow_id === null ? undefined : (
            <Link asChild color="fg.info" fontSize="sm">
              <RouterLink to={workflowAddress(event.workflow_id)}>Open its workflow</RouterLink>
            </Link>
          )}
          <EventBody load={() => getEvent(event)} name={event.id} />
        </Box>
      </details>
    </Box>
  </Flex>
);

/** On a phone, a separate line. */
const wholeLine = { base: "1 / -1", md: "auto" };
const columns = { base: "max-content minmax(0, 1fr)", md: "6.5rem minmax(0, 2fr) minmax(0, 2fr) max-content" };

const Fact = ({ children, name }: { readonly children: string; readonly name: string }): ReactNode => (
  <DataList.Item>
    <DataList.ItemLabel minWidth={24}>{name}</DataList.ItemLabel>
    <DataList.ItemValue minWidth={0}>
      <Text minWidth={0} overflowWrap="anywhere">
        <StoredText text={children} />
      </Text>
    </DataList.ItemValue>
  </DataList.Item>
);
