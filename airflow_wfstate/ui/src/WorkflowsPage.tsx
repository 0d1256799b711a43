import { Box, Button, Heading, HStack, Input, Link, NativeSelect, Progress, Table, Text } from "@chakra-ui/react";
import { type FormEvent } from "react";
import { Link as RouterLink, useSearchParams } from "react-router-dom";

import { getWorkflows } from "./client";
import { openStates, workflowStates, type WorkflowState, type WorkflowSummary } from "./domain";
import { ErrorNotice, Loading, Nothing } from "./Notices";
import { StateBadge } from "./StateBadge";
import { spanText, timeText } from "./time";
import { useFresh } from "./useFresh";

/** Workflows, newest first. The filters and the page stand in the address, so that a link shows the same to others. */
export const WorkflowsPage = () => {
  const [address, setAddress] = useSearchParams();
  const state = address.get("state") ?? "";
  const keyPrefix = address.get("key") ?? "";
  const cursor = address.get("cursor");
  const { error, value } = useFresh(address.toString(), (signal) =>
    getWorkflows({ cursor, keyPrefix, states: statesOf(state) }, signal),
  );

  const filter = (changes: Record<string, string>) => {
    const changed = new URLSearchParams(address);
    changed.delete("cursor");
    Object.entries(changes).forEach(([name, text]) => (text === "" ? changed.delete(name) : changed.set(name, text)));
    setAddress(changed);
  };

  const submitKey = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get("key");
    filter({ key: typeof text === "string" ? text.trim() : "" });
  };

  return (
    <>
      <HStack justify="space-between" mb={4} wrap="wrap">
        <Heading size="lg">Workflows</Heading>
        <HStack>
          <NativeSelect.Root size="sm" width="56">
            <NativeSelect.Field
              aria-label="State"
              onChange={(event) => filter({ state: event.currentTarget.value })}
              value={state}
            >
              <option value="">all states</option>
              <option value="open">open</option>
              {workflowStates.map((name) => (
                <option key={name} value={name}>
                  {name.replaceAll("_", " ")}
                </option>
              ))}
            </NativeSelect.Field>
            <NativeSelect.Indicator />
          </NativeSelect.Root>
          <form onSubmit={submitKey}>
            <Input
              aria-label="Key begins with"
              defaultValue={keyPrefix}
              key={keyPrefix}
              name="key"
              placeholder="Key begins with, then Enter"
              size="sm"
              type="search"
              width="64"
            />
          </form>
        </HStack>
      </HStack>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value?.workflows.length === 0 ? (
        <Nothing>{state === "" && keyPrefix === "" ? "No workflow has been started yet." : "No workflow matches."}</Nothing>
      ) : undefined}
      {value !== undefined && value.workflows.length > 0 ? <WorkflowsTable workflows={value.workflows} /> : undefined}
      <HStack justify="flex-end" mt={4}>
        {cursor === null ? undefined : (
          <Button onClick={() => filter({})} size="sm" variant="outline">
            Newest
          </Button>
        )}
        {value?.next_cursor ? (
          <Button onClick={() => filter({ cursor: value.next_cursor ?? "" })} size="sm" variant="outline">
            Next page
          </Button>
        ) : undefined}
      </HStack>
    </>
  );
};

const WorkflowsTable = ({ workflows }: { readonly workflows: readonly WorkflowSummary[] }) => (
  <Table.ScrollArea>
    <Table.Root interactive size="sm">
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeader>State</Table.ColumnHeader>
          <Table.ColumnHeader>Name</Table.ColumnHeader>
          <Table.ColumnHeader>Key</Table.ColumnHeader>
          <Table.ColumnHeader>Steps done</Table.ColumnHeader>
          <Table.ColumnHeader>Current step</Table.ColumnHeader>
          <Table.ColumnHeader>Age</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {workflows.map((workflow) => (
          <Table.Row key={workflow.id}>
            <Table.Cell>
              <StateBadge state={workflow.state} />
            </Table.Cell>
            <Table.Cell>{workflow.name}</Table.Cell>
            <Table.Cell>
              <Link asChild color="fg.info">
                <RouterLink to={{ search: `?workflow=${workflow.id}` }}>{workflow.key}</RouterLink>
              </Link>
              {workflow.generation > 1 ? (
                <Text as="span" color="fg.muted">{` (generation ${workflow.generation})`}</Text>
              ) : undefined}
            </Table.Cell>
            <Table.Cell>
              <StepsDone done={workflow.steps_done} total={workflow.steps_total} />
            </Table.Cell>
            <Table.Cell>{workflow.current_step}</Table.Cell>
            <Table.Cell title={timeText(workflow.started_at)}>{spanText(workflow.started_at, null)}</Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  </Table.ScrollArea>
);

export const StepsDone = ({ done, total }: { readonly done: number; readonly total: number }) => (
  <HStack>
    <Box width="24">
      <Progress.Root aria-label="Steps done" colorPalette="success" max={Math.max(total, 1)} size="sm" value={done}>
        <Progress.Track>
          <Progress.Range />
        </Progress.Track>
      </Progress.Root>
    </Box>
    <Text whiteSpace="nowrap">
      {done} of {total}
    </Text>
  </HStack>
);

const statesOf = (name: string): readonly WorkflowState[] =>
  name === "open" ? openStates : workflowStates.filter((state) => state === name);
