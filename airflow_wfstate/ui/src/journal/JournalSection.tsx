import { Button, Code, HStack, Input, NativeSelect, Table, Text } from "@chakra-ui/react";
import { useState } from "react";

import { getJournal } from "../server/client";
import type { JournalEntry, JournalPage } from "../server/model";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { timeText } from "../text/time";
import { useFresh } from "../server/useFresh";
import { StoredText } from "../text/StoredText";
import { shownText } from "../text/shownText";

const subjects = ["workflow", "run", "step", "turn", "compensation"];

/** Whether an entry is about the subject, and holds the text in its kind, step, actor or details. */
export const matches = (entry: JournalEntry, subject: string, text: string): boolean => {
  const all = `${entry.kind} ${entry.step ?? ""} ${entry.actor} ${JSON.stringify(entry.data)}`.toLowerCase();
  return (subject === "" || entry.kind.startsWith(`${subject}.`)) && all.includes(text.trim().toLowerCase());
};

/** The workflow's journal, oldest entry first, a page at a time. */
export const JournalSection = ({ workflowId }: { readonly workflowId: string }) => {
  const [after, setAfter] = useState(0);
  const { error, value } = useFresh(`${workflowId} ${after}`, (signal) => getJournal(workflowId, after, signal));

  return (
    <>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value === undefined ? undefined : <Page journal={value} turn={setAfter} />}
    </>
  );
};

type Props = { readonly journal: JournalPage; readonly turn: (after: number) => void };

const Page = ({ journal, turn }: Props) => {
  const [subject, setSubject] = useState("");
  const [text, setText] = useState("");
  const shown = journal.entries.filter((entry) => matches(entry, subject, text));
  const first = journal.entries[0]?.number ?? 1;

  return (
    <>
      <HStack mb={3} wrap="wrap">
        <NativeSelect.Root size="sm" width="44">
          <NativeSelect.Field aria-label="About" onChange={(event) => setSubject(event.currentTarget.value)} value={subject}>
            <option value="">about everything</option>
            {subjects.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
        <Input
          aria-label="Holds the text"
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder="Holds the text"
          size="sm"
          type="search"
          value={text}
          width="64"
        />
        <Text color="fg.muted" fontSize="sm" role="status">{`${shown.length} of ${journal.entries.length} entries`}</Text>
      </HStack>
      {shown.length === 0 ? <Nothing>No entry matches.</Nothing> : <Entries entries={shown} />}
      <HStack justify="flex-end" mt={4}>
        {first === 1 ? undefined : (
          <Button onClick={() => turn(0)} size="sm" variant="outline">
            From the beginning
          </Button>
        )}
        {journal.next_after === null ? undefined : (
          <Button onClick={() => turn(journal.next_after ?? 0)} size="sm" variant="outline">
            Later entries
          </Button>
        )}
      </HStack>
    </>
  );
};

const Entries = ({ entries }: { readonly entries: readonly JournalEntry[] }) => (
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
        {entries.map((entry) => (
          <Table.Row key={entry.number}>
            <Table.Cell>{entry.number}</Table.Cell>
            <Table.Cell whiteSpace="nowrap">{timeText(entry.at)}</Table.Cell>
            <Table.Cell>{entry.kind}</Table.Cell>
            <Table.Cell>{entry.step === null ? undefined : <StoredText text={entry.step} />}</Table.Cell>
            <Table.Cell>{entry.attempt}</Table.Cell>
            <Table.Cell maxWidth="64" title={shownText(entry.actor)} truncate>
              <StoredText text={entry.actor} />
            </Table.Cell>
            <Table.Cell>
              {Object.keys(entry.data).length === 0 ? undefined : (
                <Code lineClamp={2} title={shownText(JSON.stringify(entry.data, null, 2))} wordBreak="break-all">
                  <StoredText text={JSON.stringify(entry.data)} />
                </Code>
              )}
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  </Table.ScrollArea>
);
