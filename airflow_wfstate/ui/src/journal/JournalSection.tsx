import { Button, HStack, Input, Link, NativeSelect, Text } from "@chakra-ui/react";
import { useState } from "react";

import { useAddress } from "../address/useAddress";
import { getJournal, journalFileAddress } from "../server/client";
import { type JournalEntry, participantLabel, type WorkflowDetail } from "../server/model";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { counted } from "../text/counted";
import { shownText } from "../text/shownText";
import { useFresh } from "../server/useFresh";
import { kindsOf, subjects } from "./entryKinds";
import { JournalEntries } from "./JournalEntries";

/** Whether an entry contains the text in its sentence, actor or details. */
export const holds = (entry: JournalEntry, text: string): boolean =>
  `${entry.sentence} ${entry.kind} ${entry.actor} ${JSON.stringify(entry.data)}`
    .toLowerCase()
    .includes(text.trim().toLowerCase());

/** The workflow's journal, oldest entry first, one page at a time. The address keeps its filters. */
export const JournalSection = ({ workflow }: { readonly workflow: WorkflowDetail }) => {
  const [address, setAddress] = useAddress();
  const [after, setAfter] = useState(0);
  const [text, setText] = useState("");
  const { id } = workflow.summary;
  const subject = address.get("entries") ?? "";
  const step = address.get("step") ?? "";
  const filter = { kinds: kindsOf(subject), step: step === "" ? undefined : step };
  const { error, value } = useFresh(`${id} ${after} ${subject} ${step}`, (signal) =>
    getJournal(id, after, filter, signal),
  );
  const shown = value?.entries.filter((entry) => holds(entry, text)) ?? [];

  const narrow = (name: string, chosen: string) => {
    setAfter(0);
    setAddress((last) => {
      const next = new URLSearchParams(last);
      if (chosen === "") {
        next.delete(name);
      } else {
        next.set(name, chosen);
      }
      return next;
    });
  };

  return (
    <>
      <HStack mb={3} wrap="wrap">
        <Choice
          change={(chosen) => narrow("entries", chosen)}
          label="About"
          options={Object.entries(subjects)}
          value={subject}
        />
        <Choice change={(chosen) => narrow("step", chosen)} label="Step" options={stepOptions(workflow, step)} value={step} />
        <Input
          aria-label="Find on this page"
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder="Find on this page"
          size="sm"
          type="search"
          value={text}
          width={{ base: "full", md: "64" }}
        />
        <Text color="fg.muted" fontSize="sm">
          {"Export: "}
          {(["csv", "ndjson"] as const).map((format) => (
            <Link color="fg.info" download href={journalFileAddress(id, format, filter)} key={format} me={2}>
              {format.toUpperCase()}
            </Link>
          ))}
        </Text>
      </HStack>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value === undefined ? undefined : (
        <>
          <Text color="fg.muted" fontSize="sm" mb={2} role="status">
            {text.trim() === ""
              ? counted(value.entries.length, "entry", "entries")
              : `${shown.length} of ${counted(value.entries.length, "entry", "entries")}`}
          </Text>
          {shown.length === 0 ? <Nothing>No entries match.</Nothing> : <JournalEntries entries={shown} workflowId={id} />}
          <HStack justify="flex-end" mt={4}>
            {after === 0 ? undefined : (
              <Button onClick={() => setAfter(0)} size="sm" variant="outline">
                From the beginning
              </Button>
            )}
            {value.next_after === null ? undefined : (
              <Button onClick={() => setAfter(value.next_after ?? 0)} size="sm" variant="outline">
                Later entries
              </Button>
            )}
          </HStack>
        </>
      )}
    </>
  );
};

/** The steps that have started, and the step that the address names, even if it is none of them. */
const stepOptions = (workflow: WorkflowDetail, chosen: string): (readonly [string, string])[] => {
  const names = new Set(workflow.step_groups.map((group) => `${participantLabel(group)}.${group.name}`));
  if (chosen !== "") {
    names.add(chosen);
  }
  return [["", "All steps"], ...[...names].map((name) => [name, shownText(name)] as const)];
};

type ChoiceProps = {
  readonly change: (chosen: string) => void;
  readonly label: string;
  readonly options: readonly (readonly [string, string])[];
  readonly value: string;
};

const Choice = ({ change, label, options, value }: ChoiceProps) => (
  <NativeSelect.Root size="sm" width={{ base: "full", md: "52" }}>
    <NativeSelect.Field aria-label={label} onChange={(event) => change(event.currentTarget.value)} value={value}>
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);
