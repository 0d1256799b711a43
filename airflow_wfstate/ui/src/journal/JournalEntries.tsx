import { Box, DataList, List, Text } from "@chakra-ui/react";

import { EventBody } from "../events/EventBody";
import { getWorkflowEvent } from "../server/events";

import { JsonTree } from "../payloads/JsonTree";
import type { JournalEntry, JsonValue } from "../server/model";
import { paletteOf } from "../text/StateBadge";
import { StoredText } from "../text/StoredText";
import { timeText } from "../text/time";
import { stateOfKind } from "./entryKinds";
import { eventOf } from "./eventOf";

type Props = { readonly entries: readonly JournalEntry[]; readonly workflowId: string };

/** Journal entries as sentences; each unfolds to its details. */
export const JournalEntries = ({ entries, workflowId }: Props) => (
  <List.Root aria-label="Journal" as="ol" gap={0} listStyle="none" ps={0}>
    {entries.map((entry) => (
      <List.Item borderBottomWidth={1} key={entry.number} py={1.5}>
        <details>
          <Box as="summary" cursor="pointer" display="grid" columnGap={3} gridTemplateColumns={columns} fontSize="sm">
            <Text as="span" color="fg.muted" fontVariantNumeric="tabular-nums" whiteSpace="nowrap">
              <Box
                aria-hidden="true"
                as="span"
                bg="colorPalette.solid"
                borderRadius="full"
                boxSize={2}
                colorPalette={paletteOf(stateOfKind(entry.kind))}
                display="inline-block"
                me={2}
              />
              {timeText(entry.at)}
            </Text>
            <Text as="span" overflowWrap="anywhere">
              <Box aria-hidden="true" as="span" color="fg.muted" css={turnedWhenOpen} display="inline-block" me={1.5}>
                ▸
              </Box>
              <StoredText text={entry.sentence} />
            </Text>
          </Box>
          <Details entry={entry} workflowId={workflowId} />
        </details>
      </List.Item>
    ))}
  </List.Root>
);

const turnedWhenOpen = { "details[open] > summary &": { transform: "rotate(90deg)" } };
const columns = { base: "minmax(0, 1fr)", md: "max-content minmax(0, 1fr)" };

const Details = ({ entry, workflowId }: { readonly entry: JournalEntry; readonly workflowId: string }) => {
  const event = eventOf(entry);
  return (
    <Box bg="bg.subtle" borderRadius="md" mt={2} p={3}>
      <DataList.Root orientation="horizontal" size="sm">
        <Detail name="Entry">{`${entry.number}, ${entry.kind}`}</Detail>
        {entry.step === null ? undefined : (
          <Detail name="Step">{`${entry.step}${entry.attempt === null ? "" : `, attempt ${entry.attempt}`}`}</Detail>
        )}
        <Detail name={event === undefined ? "By" : "Sender"}>{entry.actor}</Detail>
        {event === undefined ? undefined : (
          <>
            <Detail name="Event">{event.type}</Detail>
            <Detail name="Source">{event.source}</Detail>
            <Detail name="Event id">{event.id}</Detail>
          </>
        )}
      </DataList.Root>
      {event === undefined ? undefined : (
        <EventBody load={() => getWorkflowEvent(workflowId, event)} name={event.id} />
      )}
      {Object.keys(entry.data).length === 0 ? undefined : (
        <Box mt={2}>
          <JsonTree value={entry.data as JsonValue} />
        </Box>
      )}
    </Box>
  );
};

const Detail = ({ children, name }: { readonly children: string; readonly name: string }) => (
  <DataList.Item>
    <DataList.ItemLabel minWidth={16}>{name}</DataList.ItemLabel>
    <DataList.ItemValue minWidth={0}>
      <Text minWidth={0} overflowWrap="anywhere">
        <StoredText text={children} />
      </Text>
    </DataList.ItemValue>
  </DataList.Item>
);
