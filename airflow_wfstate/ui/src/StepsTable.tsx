import { Button, Table, Text } from "@chakra-ui/react";
import { Fragment, useState } from "react";

import { restartAction } from "./action";
import { refusalOf } from "./ActionButtons";
import { ActionDialog } from "./ActionDialog";
import { ErrorText } from "./ErrorText";
import { type AllowedActions, participantLabel, type Step, stepLabel, type WorkflowDetail } from "./model";
import { Nothing } from "./Notices";
import { StateBadge } from "./StateBadge";
import { StepDetail } from "./StepDetail";
import { spanText } from "./time";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflow: WorkflowDetail;
};

/** Every step that has begun; each unfolds. What has not begun stands below. */
export const StepsTable = ({ allowed, done, workflow }: Props) => {
  const [from, setFrom] = useState<string>();
  const refusal = refusalOf(allowed, "restart");
  const { not_reached: notReached, progress, steps, summary } = workflow;

  return (
    <>
      {steps.length === 0 ? <Nothing>No step has begun yet.</Nothing> : undefined}
      {steps.length === 0 ? undefined : (
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
              {steps.map((step) => (
                <StepRow
                  key={step.id}
                  refusal={refusal}
                  restart={() => setFrom(`${participantLabel(step)}.${step.name}`)}
                  step={step}
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
  readonly refusal: string | undefined;
  readonly restart: () => void;
  readonly step: Step;
  readonly workflowId: string;
};

const StepRow = ({ refusal, restart, step, workflowId }: RowProps) => {
  const [open, setOpen] = useState(false);
  const last = step.attempts[step.attempts.length - 1];
  const undo = step.compensations[step.compensations.length - 1];

  return (
    <Fragment>
      <Table.Row>
        <Table.Cell>
          <Button aria-expanded={open} onClick={() => setOpen(!open)} px={1} size="xs" variant="ghost">
            <span aria-hidden="true">{open ? "▾" : "▸"}</span>
            {stepLabel(step)}
          </Button>
        </Table.Cell>
        <Table.Cell>
          <StateBadge state={step.state} />
        </Table.Cell>
        <Table.Cell>{participantLabel(step)}</Table.Cell>
        <Table.Cell>{step.attempts.length}</Table.Cell>
        <Table.Cell whiteSpace="nowrap">{last === undefined ? undefined : spanText(step.started_at, last.ended_at)}</Table.Cell>
        <Table.Cell>{undo === undefined ? undefined : <StateBadge state={undo.state} />}</Table.Cell>
        <Table.Cell>{step.error === null ? undefined : <ErrorText error={step.error} />}</Table.Cell>
        <Table.Cell>
          <Button
            aria-disabled={refusal !== undefined}
            aria-label={`Restart from ${stepLabel(step)}${refusal === undefined ? "" : `. ${refusal}`}`}
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
            <StepDetail step={step} workflowId={workflowId} />
          </Table.Cell>
        </Table.Row>
      ) : undefined}
    </Fragment>
  );
};
