import { Button, NativeSelect } from "@chakra-ui/react";
import { useCallback, useMemo, useState } from "react";

import { getSteps } from "../server/client";
import { counted } from "../text/counted";
import { ErrorText } from "../text/ErrorText";
import { type Step, type StepGroup, stepLabel, type StepState, stepStates, words } from "../server/model";
import { Freshness, Nothing } from "../notices/Notices";
import { Ellipsis } from "../text/Ellipsis";
import { type Column, VirtualTable } from "../rows/VirtualTable";
import { StateBadge } from "../text/StateBadge";
import { StepDetail } from "./StepDetail";
import { spanText } from "../text/time";
import { useFresh } from "../server/useFresh";
import { itemsOfPage, useItemPages } from "./useItemPages";

/** The parent that the server gives to a run that no step triggered. */
const noParent = "00000000-0000-0000-0000-000000000000";

type Props = { readonly group: StepGroup; readonly workflowId: string };

const questionOf = (group: StepGroup) => ({
  limit: itemsOfPage,
  name: group.name,
  parent_step_id: group.parent_step_id ?? noParent,
  participant: group.participant,
});

/** What a row of the steps unfolds to: the details of the step, or the items of a mapped step by state. */
export const StepItems = ({ group, workflowId }: Props) => {
  const [state, setState] = useState<StepState>();
  return group.is_mapped ? (
    <>
      <StateChoice choose={setState} chosen={state} group={group} />
      <Items group={group} key={state ?? ""} state={state} workflowId={workflowId} />
    </>
  ) : (
    <OneStep group={group} workflowId={workflowId} />
  );
};

const OneStep = ({ group, workflowId }: Props) => {
  const question = questionOf(group);
  const fresh = useFresh(`${workflowId} ${JSON.stringify(question)}`, (signal) => getSteps(workflowId, question, signal));

  return (
    <>
      <Freshness fresh={fresh} isPart lines={3} />
      {fresh.value?.steps.map((step) => <StepDetail key={step.id} step={step} workflowId={workflowId} />)}
    </>
  );
};

type ChoiceProps = {
  readonly choose: (state: StepState | undefined) => void;
  readonly chosen: StepState | undefined;
  readonly group: StepGroup;
};

const StateChoice = ({ choose, chosen, group }: ChoiceProps) => (
  <NativeSelect.Root my={2} size="xs" width="56">
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

type ItemsProps = Props & { readonly state: StepState | undefined };

/** All items in one list, no matter how many. */
const Items = ({ group, state, workflowId }: ItemsProps) => {
  const question = { ...questionOf(group), ...(state === undefined ? {} : { state: [state] }) };
  const items = useItemPages(`${workflowId} ${JSON.stringify(question)}`, (after, signal) =>
    getSteps(workflowId, { ...question, ...(after === undefined ? {} : { after }) }, signal),
  );
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback(
    (id: string) =>
      setOpen((before) => {
        const next = new Set(before);
        if (!next.delete(id)) {
          next.add(id);
        }
        return next;
      }),
    [],
  );
  const columns = useMemo(() => itemColumns(open, toggle), [open, toggle]);
  const counted = state === undefined ? group.items : (group.by_state[state] ?? 0);
  const count = items.isWhole ? items.loaded : Math.max(counted, items.loaded);

  return (
    <>
      <Freshness fresh={items.fresh} isPart />
      {items.isWhole && items.loaded === 0 ? <Nothing>No items are in this state now.</Nothing> : undefined}
      {items.fresh.value === undefined || count === 0 ? undefined : (
        <VirtualTable
          columns={columns}
          count={count}
          keyOf={(index) => items.itemAt(index)?.id ?? String(index)}
          label={`Items of ${group.name}`}
          leastWidth="48rem"
          rowAt={items.itemAt}
          seen={items.seen}
          unfolded={(step) => (open.has(step.id) ? <StepDetail step={step} workflowId={workflowId} /> : undefined)}
        />
      )}
    </>
  );
};

const itemColumns = (open: ReadonlySet<string>, toggle: (id: string) => void): readonly Column<Step>[] => [
  {
    cell: (step) => (
      <Button
        aria-expanded={open.has(step.id)}
        justifyContent="flex-start"
        maxWidth="full"
        onClick={() => toggle(step.id)}
        px={1}
        size="xs"
        variant="ghost"
      >
        <span aria-hidden="true">{open.has(step.id) ? "▾" : "▸"}</span>
        <Ellipsis text={stepLabel(step)} />
      </Button>
    ),
    header: "Item",
    width: "minmax(10rem, 2fr)",
  },
  { cell: (step) => <StateBadge state={step.state} />, header: "State", width: "9rem" },
  { cell: (step) => step.attempts.length, header: "Attempts", width: "6rem" },
  { cell: durationOf, header: "Duration", width: "7rem" },
  {
    cell: (step) => (step.error === null ? undefined : <ErrorText error={step.error} />),
    header: "Error",
    width: "minmax(12rem, 3fr)",
  },
];

const durationOf = (step: Step): string | undefined => {
  const last = step.attempts[step.attempts.length - 1];
  return last === undefined ? undefined : spanText(step.started_at, last.ended_at);
};
