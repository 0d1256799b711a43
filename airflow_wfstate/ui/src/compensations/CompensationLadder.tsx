import { Button, HStack, Link, Table, Text } from "@chakra-ui/react";
import { useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { refusalOf } from "../actions/ActionButtons";
import { runAddress } from "../airflow/airflow";
import { compensationsOfPage, decide, getCompensations } from "../server/client";
import { ErrorText } from "../text/ErrorText";
import type { AllowedActions, Decision, StepCompensation } from "../server/model";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { ReasonDialog } from "../actions/ReasonDialog";
import { StateBadge } from "../text/StateBadge";
import { spanText } from "../text/time";
import { useFresh } from "../server/useFresh";
import { StoredText } from "../text/StoredText";

const decisions: readonly { readonly decision: Decision; readonly explained: string; readonly label: string }[] = [
  { decision: "retry", explained: "It is tried again, as many times as its step declares.", label: "Retry" },
  { decision: "skip", explained: "What it would undo stays as it is, and the next one is run.", label: "Skip" },
  { decision: "done", explained: "You have undone it by hand, and the next one is run.", label: "Mark done" },
];

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflowId: string;
};

type Open = { readonly choice: (typeof decisions)[number]; readonly item: StepCompensation };

/** The compensations from the first to be undone to the last, and what a person can decide about each. */
export const CompensationLadder = ({ allowed, done, workflowId }: Props) => {
  const [page, setPage] = useState<{ readonly before: number; readonly number: number }>();
  const { error, refresh, value } = useFresh(`${workflowId} ${page?.before ?? ""}`, (signal) =>
    getCompensations(workflowId, page?.before, signal),
  );
  const first = (page?.number ?? 0) * compensationsOfPage + 1;
  const [open, setOpen] = useState<Open>();
  const refusal = refusalOf(allowed, "decide");

  return (
    <>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value?.compensations.length === 0 ? (
        <Nothing>No step that has begun declares a compensation: nothing of this workflow can be undone.</Nothing>
      ) : undefined}
      {value === undefined || value.compensations.length === 0 ? undefined : (
        <Table.ScrollArea>
          <Table.Root size="sm">
            <Table.Header>
              <Table.Row>
                <Table.ColumnHeader>Order</Table.ColumnHeader>
                <Table.ColumnHeader>Step</Table.ColumnHeader>
                <Table.ColumnHeader>State</Table.ColumnHeader>
                <Table.ColumnHeader>Handler</Table.ColumnHeader>
                <Table.ColumnHeader>Attempts</Table.ColumnHeader>
                <Table.ColumnHeader>Duration</Table.ColumnHeader>
                <Table.ColumnHeader>Run by</Table.ColumnHeader>
                <Table.ColumnHeader>Error</Table.ColumnHeader>
                <Table.ColumnHeader>Decision</Table.ColumnHeader>
              </Table.Row>
            </Table.Header>
            <Table.Body>
              {value.compensations.map((item, index) => (
                <LadderRow
                  choose={(choice) => setOpen({ choice, item })}
                  item={item}
                  key={`${item.step_id} ${item.compensation.round}`}
                  order={first + index}
                  refusal={refusal}
                />
              ))}
            </Table.Body>
          </Table.Root>
        </Table.ScrollArea>
      )}
      <HStack justify="flex-end" mt={2}>
        {page === undefined ? undefined : (
          <Button onClick={() => setPage(undefined)} size="sm" variant="outline">
            First to be undone
          </Button>
        )}
        {value?.next_before ? (
          <Button
            onClick={() => setPage({ before: value.next_before ?? 0, number: (page?.number ?? 0) + 1 })}
            size="sm"
            variant="outline"
          >
            Next to be undone
          </Button>
        ) : undefined}
      </HStack>
      {open === undefined ? undefined : (
        <ReasonDialog
          close={() => setOpen(undefined)}
          refusal={undefined}
          requiresReason
          send={async (reason) => {
            const { decision } = open.choice;
            const answer = await decide(workflowId, decision, open.item.step, open.item.compensation.round, reason);
            done(answer.outcome);
            refresh();
          }}
          title={`${open.choice.label}: the compensation of ${open.item.step}`}
          verb={open.choice.label}
        >
          <Text mb={3}>{open.choice.explained}</Text>
        </ReasonDialog>
      )}
    </>
  );
};

type RowProps = {
  readonly choose: (choice: (typeof decisions)[number]) => void;
  readonly item: StepCompensation;
  readonly order: number;
  readonly refusal: string | undefined;
};

const LadderRow = ({ choose, item, order, refusal }: RowProps) => {
  const { compensation } = item;

  return (
    <Table.Row>
      <Table.Cell>{order}</Table.Cell>
      <Table.Cell>
        <StoredText text={item.step} />
      </Table.Cell>
      <Table.Cell>
        <StateBadge state={compensation.state} />
      </Table.Cell>
      <Table.Cell>{compensation.handler}</Table.Cell>
      <Table.Cell>{`${compensation.attempts} of ${compensation.max_attempts}`}</Table.Cell>
      <Table.Cell whiteSpace="nowrap">
        {compensation.started_at === null ? undefined : spanText(compensation.started_at, compensation.ended_at)}
      </Table.Cell>
      <Table.Cell>
        <Link asChild color="fg.info">
          <RouterLink to={runAddress(item.dag_id, item.run_id)}>{item.dag_id}</RouterLink>
        </Link>
      </Table.Cell>
      <Table.Cell>{compensation.error === null ? undefined : <ErrorText error={compensation.error} />}</Table.Cell>
      <Table.Cell>
        {compensation.state === "failed" ? (
          <HStack>
            {decisions.map((choice) => (
              <Button
                aria-disabled={refusal !== undefined}
                aria-label={`${choice.label}: ${item.step}${refusal === undefined ? "" : `. ${refusal}`}`}
                color={refusal === undefined ? undefined : "fg.muted"}
                cursor={refusal === undefined ? "button" : "not-allowed"}
                key={choice.decision}
                onClick={() => (refusal === undefined ? choose(choice) : undefined)}
                size="xs"
                title={refusal}
                variant={refusal === undefined ? "outline" : "ghost"}
              >
                {choice.label}
              </Button>
            ))}
          </HStack>
        ) : (
          item.decisions.map((entry) => (
            <Text fontSize="xs" key={entry.number}>{`${entry.kind.replace("compensation.", "")} by `}
              <StoredText text={entry.actor} /></Text>
          ))
        )}
      </Table.Cell>
    </Table.Row>
  );
};
