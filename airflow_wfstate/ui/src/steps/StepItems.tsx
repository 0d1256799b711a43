import { Button, HStack, NativeSelect, Table, Text } from "@chakra-ui/react";
import { Fragment, useState } from "react";

import { getSteps } from "../server/client";
import { counted } from "../text/counted";
import { ErrorText } from "../text/ErrorText";
import { type Step, type StepGroup, stepLabel, type StepState, stepStates, words } from "../server/model";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { StateBadge } from "../text/StateBadge";
import { StepDetail } from "./StepDetail";
import { spanText } from "../text/time";
import { useFresh } from "../server/useFresh";

/** What the server calls the parent of a run that no step triggered. */
const noParent = "00000000-0000-0000-0000-000000000000";
const itemsOfPage = 50;

type Props = { readonly group: StepGroup; readonly workflowId: string };

/** What a row of the steps unfolds to: all about the one step, or the items of a mapped one, by state and page. */
export const StepItems = ({ group, workflowId }: Props) => {
  const [state, setState] = useState<StepState>();
  const [after, setAfter] = useState<string>();
  const question = {
    limit: itemsOfPage,
    name: group.name,
    parent_step_id: group.parent_step_id ?? noParent,
    participant: group.participant,
    ...(state === undefined ? {} : { state: [state] }),
    ...(after === undefined ? {} : { after }),
  };
  const { error, value } = useFresh(`${workflowId} ${JSON.stringify(question)}`, (signal) =>
    getSteps(workflowId, question, signal),
  );
  const steps = value?.steps ?? [];

  return (
    <>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {group.is_mapped ? (
        <StateChoice
          choose={(chosen) => {
            setState(chosen);
            setAfter(undefined);
          }}
          chosen={state}
          group={group}
        />
      ) : undefined}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {group.is_mapped ? (
        <Items steps={steps} workflowId={workflowId} />
      ) : (
        steps.map((step) => <StepDetail key={step.id} step={step} workflowId={workflowId} />)
      )}
      {value !== undefined && steps.length === 0 ? <Nothing>No item is in this state now.</Nothing> : undefined}
      <HStack justify="flex-end" mt={2}>
        {after === undefined ? undefined : (
          <Button onClick={() => setAfter(undefined)} size="xs" variant="outline">
            First items
          </Button>
        )}
        {value?.next_after ? (
          <Button onClick={() => setAfter(value.next_after ?? undefined)} size="xs" variant="outline">
            Next items
          </Button>
        ) : undefined}
      </HStack>
    </>
  );
};

type ChoiceProps = {
  readonly choose: (state: StepState | undefined) => void;
  readonly chosen: StepState | undefined;
  readonly group: StepGroup;
};

const StateChoice = ({ choose, chosen, group }: ChoiceProps) => (
  <NativeSelect.Root mb={2} size="xs" width="56">
    <NativeSelect.Field
      aria-label={`Items of ${group.name}`}
      onChange={(event) => choose(stepStates.find((state) => state === event.currentTarget.value))}
      value={chosen ?? ""}
    >
      <option value="">{`all: ${counted(group.items, "item")}`}</option>
      {stepStates
        .filter((state) => state === chosen || (group.by_state[state] ?? 0) > 0)
        .map((state) => (
          <option key={state} value={state}>
            {`${group.by_state[state] ?? 0} ${words(state)}`}
          </option>
        ))}
    </NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);

const Items = ({ steps, workflowId }: { readonly steps: readonly Step[]; readonly workflowId: string }) =>
  steps.length === 0 ? undefined : (
    <Table.Root size="sm">
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeader>Item</Table.ColumnHeader>
          <Table.ColumnHeader>State</Table.ColumnHeader>
          <Table.ColumnHeader>Attempts</Table.ColumnHeader>
          <Table.ColumnHeader>Duration</Table.ColumnHeader>
          <Table.ColumnHeader>Error</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {steps.map((step) => (
          <ItemRow key={step.id} step={step} workflowId={workflowId} />
        ))}
      </Table.Body>
    </Table.Root>
  );

const ItemRow = ({ step, workflowId }: { readonly step: Step; readonly workflowId: string }) => {
  const [open, setOpen] = useState(false);
  const last = step.attempts[step.attempts.length - 1];

  return (
    <Fragment>
      <Table.Row>
        <Table.Cell>
          <Button aria-expanded={open} onClick={() => setOpen(!open)} px={1} size="xs" variant="ghost">
            <span aria-hidden="true">{open ? "▾" : "▸"}</span>
            <Text as="span">{stepLabel(step)}</Text>
          </Button>
        </Table.Cell>
        <Table.Cell>
          <StateBadge state={step.state} />
        </Table.Cell>
        <Table.Cell>{step.attempts.length}</Table.Cell>
        <Table.Cell whiteSpace="nowrap">
          {last === undefined ? undefined : spanText(step.started_at, last.ended_at)}
        </Table.Cell>
        <Table.Cell>{step.error === null ? undefined : <ErrorText error={step.error} />}</Table.Cell>
      </Table.Row>
      {open ? (
        <Table.Row>
          <Table.Cell colSpan={5}>
            <StepDetail step={step} workflowId={workflowId} />
          </Table.Cell>
        </Table.Row>
      ) : undefined}
    </Fragment>
  );
};
