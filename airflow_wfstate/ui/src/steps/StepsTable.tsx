import { Button, HStack, Text } from "@chakra-ui/react";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router-dom";

import { restartAction } from "../actions/action";
import { refusalOf } from "../actions/ActionButtons";
import { ActionDialog } from "../actions/ActionDialog";
import { RefusableButton } from "../actions/RefusableButton";
import { counted } from "../text/counted";
import { ErrorText } from "../text/ErrorText";
import { type AllowedActions, groupKey, isOpen, participantLabel, type PendingWait, type StepGroup, stepStates, type WorkflowDetail } from "../server/model";
import { CopyButton } from "../text/CopyButton";
import { Ellipsis } from "../text/Ellipsis";
import { NoSteps } from "./NoSteps";
import { type Column, VirtualTable } from "../rows/VirtualTable";
import { StateBadge } from "../text/StateBadge";
import { stepParameter } from "./stepAddress";
import { StepItems } from "./StepItems";
import { spanText } from "../text/time";
import { StoredText } from "../text/StoredText";
import { WaitsOfStep } from "../workflow/Waits";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflow: WorkflowDetail;
};

/** Every step that has started, a mapped one with all its items. Each unfolds. Planned steps are listed below. */
export const StepsTable = ({ allowed, done, workflow }: Props) => {
  const [address] = useSearchParams();
  const asked = address.get(stepParameter);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(asked === null ? [] : [asked]));
  const [from, setFrom] = useState<string>();
  const refusal = refusalOf(allowed, "restart");
  const { not_reached: notReached, progress, step_groups: groups, summary, waits } = workflow;
  const columns = useMemo(() => {
    const toggle = (key: string) =>
      setOpen((before) => {
        const next = new Set(before);
        if (!next.delete(key)) {
          next.add(key);
        }
        return next;
      });
    return stepColumns({ open, refusal, restart: setFrom, toggle, waits, workflowId: summary.id });
  }, [open, refusal, summary.id, waits]);

  return (
    <>
      {groups.length === 0 ? (
        <NoSteps state={summary.state} />
      ) : (
        <VirtualTable
          columns={columns}
          count={groups.length}
          goTo={groups.findIndex((group) => groupKey(group) === asked)}
          keyOf={(index) => (groups[index] === undefined ? String(index) : groupKey(groups[index]))}
          label="Steps"
          leastWidth="57.5rem"
          rowAt={(index) => groups[index]}
          unfolded={(group) =>
            open.has(groupKey(group)) ? <StepItems group={group} workflowId={summary.id} /> : undefined
          }
        />
      )}
      <Text color="fg.muted" fontSize="sm" mt={2} overflowWrap="anywhere">
        <StoredText
          text={
            notReached.length > 0
              ? `Planned but not reached: ${notReached.join(", ")}`
              : progress.remaining.length > 0
                ? `Remaining: ${progress.remaining.join(", ")}`
                : ""
          }
        />
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

type Acts = {
  readonly open: ReadonlySet<string>;
  readonly refusal: string | undefined;
  /** Called with the step, in the form that the server accepts. */
  readonly restart: (step: string) => void;
  readonly toggle: (key: string) => void;
  readonly waits: readonly PendingWait[];
  readonly workflowId: string;
};

const stepColumns = ({ open, refusal, restart, toggle, waits, workflowId }: Acts): readonly Column<StepGroup>[] => [
  {
    cell: (group) => (
      <Button
        aria-expanded={open.has(groupKey(group))}
        justifyContent="flex-start"
        maxWidth="full"
        onClick={() => toggle(groupKey(group))}
        px={1}
        size="xs"
        variant="ghost"
      >
        <span aria-hidden="true">{open.has(groupKey(group)) ? "▾" : "▸"}</span>
        <Ellipsis text={group.name} />
        {group.is_mapped ? <span>{` (${counted(group.items, "item")})`}</span> : undefined}
      </Button>
    ),
    header: "Step",
    width: "minmax(10rem, 2fr)",
  },
  {
    cell: (group) => (group.is_mapped ? <Counts counts={group.by_state} /> : <StateBadge state={group.state} />),
    header: "State",
    width: "8.5rem",
  },
  { cell: (group) => <Ellipsis text={participantLabel(group)} />, header: "Participant", width: "minmax(6rem, 1fr)" },
  { cell: (group) => (group.attempts === 0 ? "events" : group.attempts), header: "Attempts", width: "5rem" },
  {
    // A service that has reported only once has given no duration.
    cell: (group) =>
      group.attempts === 0 && !isOpen(group) && group.started_at === group.updated_at
        ? undefined
        : spanText(group.started_at, isOpen(group) ? null : group.updated_at),
    header: "Duration",
    width: "5.5rem",
  },
  {
    cell: (group) => (group.compensation === null ? undefined : <StateBadge state={group.compensation} />),
    header: "Compensation",
    width: "7.5rem",
  },
  {
    cell: (group) => (
      <>
        {group.error === null ? undefined : <ErrorText error={group.error} />}
        <WaitsOfStep group={group} waits={waits} />
      </>
    ),
    header: "Error, or what it is waiting for",
    width: "minmax(9rem, 3fr)",
  },
  {
    cell: (group) => {
      const step = `${participantLabel(group)}.${group.name}`;
      return (
        <HStack gap={0}>
          <RefusableButton act={() => restart(step)} label={`Restart from ${group.name}`} refusal={refusal} size="xs">
            Restart
          </RefusableButton>
          <CopyButton label="Copy as command" text={restartAction.command(workflowId, "", step)} />
        </HStack>
      );
    },
    header: "Restart from here",
    width: "6rem",
  },
];

/** The number of items in each state. */
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
