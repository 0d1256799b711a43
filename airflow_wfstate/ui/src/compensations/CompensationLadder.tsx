import { Button, HStack, Link, Text } from "@chakra-ui/react";
import { useMemo, useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { runAddress } from "../airflow/airflow";
import { compensationsOfPage, getCompensations, type RunOfCompensations } from "../server/client";
import { ErrorText } from "../text/ErrorText";
import { type StepCompensation, words } from "../server/model";
import { Freshness, Nothing } from "../notices/Notices";
import { Ellipsis } from "../text/Ellipsis";
import { type Column, VirtualTable } from "../rows/VirtualTable";
import { StateBadge } from "../text/StateBadge";
import { spanText, timeText } from "../text/time";
import { useFresh } from "../server/useFresh";
import { StoredText } from "../text/StoredText";

type Props = {
  /** Show only what the relay of this run undoes; every run by default. */
  readonly run?: RunOfCompensations;
  readonly workflowId: string;
};

type Rung = StepCompensation & { readonly order: number };

/** The compensations, first to be undone first, and what people decided about each. */
export const CompensationLadder = ({ run, workflowId }: Props) => {
  const [page, setPage] = useState<{ readonly before: number; readonly number: number }>();
  const fresh = useFresh(`${workflowId} ${JSON.stringify(run ?? "")} ${page?.before ?? ""}`, (signal) =>
    getCompensations(workflowId, { before: page?.before, run }, signal),
  );
  const { value } = fresh;
  const first = (page?.number ?? 0) * compensationsOfPage + 1;
  const rungs = useMemo(
    () => (value?.compensations ?? []).map((item, index): Rung => ({ ...item, order: first + index })),
    [first, value],
  );

  return (
    <>
      <Freshness fresh={fresh} isPart />
      {value?.compensations.length === 0 ? (
        <Nothing>
          {run === undefined
            ? "There is nothing to undo in this workflow: no step that has started declares a compensation. A step declares one with compensate=, a function that is called with the step's return value."
            : "There is nothing to undo in this run: none of its steps that have started declares a compensation."}
        </Nothing>
      ) : undefined}
      {rungs.length === 0 ? undefined : (
        <VirtualTable
          columns={columns}
          count={rungs.length}
          keyOf={(index) => `${rungs[index]?.step_id ?? ""} ${rungs[index]?.compensation.round ?? index}`}
          label="Compensations"
          leastWidth="60rem"
          rowAt={(index) => rungs[index]}
        />
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
    </>
  );
};

const columns: readonly Column<Rung>[] = [
  {
    cell: (item) => (
      <HStack gap={2} minWidth={0}>
        <Text as="span" color="fg.muted">{`${item.order}.`}</Text>
        <Ellipsis text={item.step} />
      </HStack>
    ),
    header: "Step",
    width: "minmax(12rem, 2fr)",
  },
  { cell: (item) => <StateBadge state={item.compensation.state} />, header: "State", width: "8rem" },
  { cell: (item) => <Ellipsis text={item.compensation.handler} />, header: "Handler", width: "minmax(8rem, 2fr)" },
  {
    cell: (item) => `${item.compensation.attempts} of ${item.compensation.max_attempts}`,
    header: "Attempts",
    width: "5rem",
  },
  {
    cell: ({ compensation }) =>
      compensation.started_at === null ? undefined : spanText(compensation.started_at, compensation.ended_at),
    header: "Duration",
    width: "5.5rem",
  },
  {
    cell: (item) =>
      item.run_id === "" ? (
        "the service"
      ) : (
        <Link asChild color="fg.info" display="block" minWidth={0}>
          <RouterLink to={runAddress(item.dag_id, item.run_id)}>
            <Ellipsis text={item.dag_id} />
          </RouterLink>
        </Link>
      ),
    header: "Run by",
    width: "minmax(6rem, 1fr)",
  },
  {
    cell: ({ compensation }) => (compensation.error === null ? undefined : <ErrorText error={compensation.error} />),
    header: "Error",
    width: "minmax(7rem, 2fr)",
  },
  { cell: (item) => <Decided item={item} />, header: "Decisions", width: "minmax(8rem, 1fr)" },
];

const Decided = ({ item }: { readonly item: Rung }) => (
  <>
    {item.decisions.map((entry) => (
      <Text fontSize="xs" key={entry.number} overflowWrap="anywhere" title={timeText(entry.at)}>
        {`${words(entry.kind.replace("compensation.", ""))} by `}
        <StoredText text={entry.actor} />
        {typeof entry.data.reason === "string" ? (
          <>
            {": "}
            <StoredText text={entry.data.reason} />
          </>
        ) : undefined}
      </Text>
    ))}
  </>
);
