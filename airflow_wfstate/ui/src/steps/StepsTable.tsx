import { Button, HStack, Table, Text } from "@chakra-ui/react";
import { Fragment, useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router-dom";

import { restartAction } from "../actions/action";
import { refusalOf } from "../actions/ActionButtons";
import { ActionDialog } from "../actions/ActionDialog";
import { counted } from "../text/counted";
import { ErrorText } from "../text/ErrorText";
import { type AllowedActions, groupKey, isOpen, participantLabel, type StepGroup, stepStates, type WorkflowDetail } from "../server/model";
import { Nothing } from "../notices/Notices";
import { StateBadge } from "../text/StateBadge";
import { stepParameter } from "./stepAddress";
import { StepItems } from "./StepItems";
import { spanText } from "../text/time";
import { StoredText } from "../text/StoredText";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflow: WorkflowDetail;
};

/** Every step that has begun, a mapped one with all its items; each unfolds. What has not begun stands below. */
export const StepsTable = ({ allowed, done, workflow }: Props) => {
  const [from, setFrom] = useState<string>();
  const [address] = useSearchParams();
  const refusal = refusalOf(allowed, "restart");
  const { not_reached: notReached, progress, step_groups: groups, summary } = workflow;

  return (
    <>
      {groups.length === 0 ? <Nothing>No step has begun yet.</Nothing> : undefined}
      {groups.length === 0 ? undefined : (
        <Table.ScrollArea>
          <Table.Root size="sm">
            <Table.Header>
              <Table.Row>
                <Table.ColumnHeader>Step</Table.ColumnHeader>
                <Table.ColumnHeader>State</Table.ColumnHeader>
                <Table.ColumnHeader>Participant</Table.ColumnHeader>
                <Table.ColumnHeader>Attempts</Table.ColumnHeader>
                <Table.ColumnHeader>Duration</Table.ColumnHeader>
                <Table.ColumnHeader>Compensation</Table.ColumnHeader>
                <Table.ColumnHeader>Error</Table.ColumnHeader>
                <Table.ColumnHeader>Action</Table.ColumnHeader>
              </Table.Row>
            </Table.Header>
            <Table.Body>
              {groups.map((group) => (
                <GroupRow
                  group={group}
                  isAsked={address.get(stepParameter) === groupKey(group)}
                  key={groupKey(group)}
                  refusal={refusal}
                  restart={() => setFrom(`${participantLabel(group)}.${group.name}`)}
                  workflowId={summary.id}
                />
              ))}
            </Table.Body>
          </Table.Root>
        </Table.ScrollArea>
      )}
      <Text color="fg.muted" fontSize="sm" mt={2}>
        {progress.remaining.length > 0 && notReached.length === 0 ? `Remaining: ${progress.remaining.join(", ")}` : undefined}
        {notReached.length > 0 ? `Planned, and not reached: ${notReached.join(", ")}` : undefined}
      </Text>
      {from === undefined ? undefined : (
        <ActionDialog
          action={restartAction}
          close={() => setFrom(undefined)}
          done={done}
          fromStep={from}
          workflowId={summary.id}
        />
      )}
    </>
  );
};

type RowProps = {
  readonly group: StepGroup;
  /** Whether the address names this step: it begins unfolded and in view. */
  readonly isAsked: boolean;
  readonly refusal: string | undefined;
  readonly restart: () => void;
  readonly workflowId: string;
};

const GroupRow = ({ group, isAsked, refusal, restart, workflowId }: RowProps) => {
  const [open, setOpen] = useState(isAsked);
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isAsked) {
      row.current?.scrollIntoView({ block: "nearest" });
    }
  }, [isAsked]);

  return (
    <Fragment>
      <Table.Row ref={row}>
        <Table.Cell>
          <Button aria-expanded={open} onClick={() => setOpen(!open)} px={1} size="xs" variant="ghost">
            <span aria-hidden="true">{open ? "▾" : "▸"}</span>
            <StoredText text={group.name} />
            {group.is_mapped ? ` (${counted(group.items, "item")})` : undefined}
          </Button>
        </Table.Cell>
        <Table.Cell>
          {group.is_mapped ? <Counts counts={group.by_state} /> : <StateBadge state={group.state} />}
        </Table.Cell>
        <Table.Cell>{participantLabel(group)}</Table.Cell>
        <Table.Cell>{group.attempts}</Table.Cell>
        <Table.Cell whiteSpace="nowrap">{spanText(group.started_at, isOpen(group) ? null : group.updated_at)}</Table.Cell>
        <Table.Cell>{group.compensation === null ? undefined : <StateBadge state={group.compensation} />}</Table.Cell>
        <Table.Cell>{group.error === null ? undefined : <ErrorText error={group.error} />}</Table.Cell>
        <Table.Cell>
          <Button
            aria-disabled={refusal !== undefined}
            aria-label={`Restart from ${group.name}${refusal === undefined ? "" : `. ${refusal}`}`}
            color={refusal === undefined ? undefined : "fg.muted"}
            cursor={refusal === undefined ? "button" : "not-allowed"}
            onClick={() => (refusal === undefined ? restart() : undefined)}
            size="xs"
            title={refusal}
            variant={refusal === undefined ? "outline" : "ghost"}
          >
            Restart from here
          </Button>
        </Table.Cell>
      </Table.Row>
      {open ? (
        <Table.Row>
          <Table.Cell colSpan={8}>
            <StepItems group={group} workflowId={workflowId} />
          </Table.Cell>
        </Table.Row>
      ) : undefined}
    </Fragment>
  );
};

/** How many items are in which state. */
const Counts = ({ counts }: { readonly counts: StepGroup["by_state"] }) => (
  <HStack gap={1} wrap="wrap">
    {stepStates.map((state) =>
      (counts[state] ?? 0) === 0 ? undefined : (
        <HStack gap={1} key={state}>
          <Text as="span">{counts[state]}</Text>
          <StateBadge state={state} />
        </HStack>
      ),
    )}
  </HStack>
);
