import { Button, Code, Heading, HStack, Table } from "@chakra-ui/react";
import { useState } from "react";

import { getJournal } from "./client";
import { ErrorNotice, Loading } from "./Notices";
import { timeText } from "./time";
import { useFresh } from "./useFresh";

/** A page of the workflow's journal, oldest entry first. */
export const JournalSection = ({ workflowId }: { readonly workflowId: string }) => {
  const [after, setAfter] = useState(0);
  const { error, value } = useFresh(`${workflowId} ${after}`, (signal) => getJournal(workflowId, after, signal));

  return (
    <>
      <Heading mb={2} size="md">
        Journal
      </Heading>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value === undefined ? undefined : (
        <Table.ScrollArea>
          <Table.Root size="sm">
            <Table.Header>
              <Table.Row>
                <Table.ColumnHeader>Number</Table.ColumnHeader>
                <Table.ColumnHeader>At</Table.ColumnHeader>
                <Table.ColumnHeader>What</Table.ColumnHeader>
                <Table.ColumnHeader>Step</Table.ColumnHeader>
                <Table.ColumnHeader>Attempt</Table.ColumnHeader>
                <Table.ColumnHeader>By</Table.ColumnHeader>
                <Table.ColumnHeader>Details</Table.ColumnHeader>
              </Table.Row>
            </Table.Header>
            <Table.Body>
              {value.entries.map((entry) => (
                <Table.Row key={entry.number}>
                  <Table.Cell>{entry.number}</Table.Cell>
                  <Table.Cell whiteSpace="nowrap">{timeText(entry.at)}</Table.Cell>
                  <Table.Cell>{entry.kind}</Table.Cell>
                  <Table.Cell>{entry.step}</Table.Cell>
                  <Table.Cell>{entry.attempt}</Table.Cell>
                  <Table.Cell maxWidth="64" title={entry.actor} truncate>
                    {entry.actor}
                  </Table.Cell>
                  <Table.Cell>
                    {Object.keys(entry.data).length === 0 ? undefined : (
                      <Code lineClamp={2} title={JSON.stringify(entry.data, null, 2)} wordBreak="break-all">
                        {JSON.stringify(entry.data)}
                      </Code>
                    )}
                  </Table.Cell>
                </Table.Row>
              ))}
            </Table.Body>
          </Table.Root>
        </Table.ScrollArea>
      )}
      <HStack justify="flex-end" mt={4}>
        {after === 0 ? undefined : (
          <Button onClick={() => setAfter(0)} size="sm" variant="outline">
            From the beginning
          </Button>
        )}
        {value?.next_after ? (
          <Button onClick={() => setAfter(value.next_after ?? 0)} size="sm" variant="outline">
            Later entries
          </Button>
        ) : undefined}
      </HStack>
    </>
  );
};
