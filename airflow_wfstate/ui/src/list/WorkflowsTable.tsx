import { Box, Button, Link, Table, Text } from "@chakra-ui/react";

import { Link as RouterLink } from "react-router-dom";

import { nameAddress } from "../airflow/airflow";
import { useWidth } from "../charts/useWidth";
import type { WorkflowSort, WorkflowSummary } from "../server/model";
import { StepsBar } from "../steps/StepsBar";
import { Ellipsis } from "../text/Ellipsis";
import { spanText, timeText, undoneText, workedText } from "../text/time";
import { Choice, toggled } from "./Choice";
import { KeyLink } from "./KeyLink";
import { LabelChips } from "./LabelChips";
import { StateCell } from "./StateCell";
import { StepCell } from "./StepCell";
import { WhatIsWrong } from "./WhatIsWrong";
import { type ListProps, WorkflowCards } from "./WorkflowCards";

type Props = ListProps & {
  readonly sort: WorkflowSort;
  readonly sortBy: (sort: WorkflowSort) => void;
};

/** The widths in pixels from which the list is a table, a table with the usual columns, and one with all columns. */
const [tableFrom, wideFrom, widestFrom] = [768, 1140, 1400];

/** A page of the list: a table, or cards if there is not enough space. A tab in Airflow is narrower than the window. */
export const WorkflowsTable = (props: Props) => {
  const { ref, width } = useWidth<HTMLDivElement>();
  const room = width === 0 ? window.innerWidth : width;

  return <Box ref={ref}>{room < tableFrom ? <WorkflowCards {...props} /> : <RowsTable {...props} room={room} />}</Box>;
};

const RowsTable = ({ room, sort, sortBy, ...list }: Props & { readonly room: number }) => {
  const { addressOfLabel, choose, chosen, workflows } = list;
  const all = workflows.every((workflow) => chosen.has(workflow.id));
  const isWide = room >= wideFrom;
  const isWidest = room >= widestFrom;
  return (
    <Table.ScrollArea>
      <Table.Root css={columns} interactive size="sm">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader width={8}>
              <Box srOnly>Selected</Box>
              <Choice
                checked={all ? true : chosen.size > 0 ? "indeterminate" : false}
                label="Select all on this page"
                toggle={() => choose(all ? new Set() : new Set(workflows.map((workflow) => workflow.id)))}
              />
            </Table.ColumnHeader>
            <Table.ColumnHeader>State</Table.ColumnHeader>
            <Sorted by="name" label="Name" sort={sort} sortBy={sortBy} />
            <Sorted by="key" label="Key" sort={sort} sortBy={sortBy} />
            {isWide ? <Table.ColumnHeader>Steps done</Table.ColumnHeader> : undefined}
            <Table.ColumnHeader>Failed or current step</Table.ColumnHeader>
            <Table.ColumnHeader>Error</Table.ColumnHeader>
            {isWidest ? (
              <>
                <Table.ColumnHeader>Participants</Table.ColumnHeader>
                <Table.ColumnHeader>Owner</Table.ColumnHeader>
              </>
            ) : undefined}
            <Sorted by="started_at" label="Age" sort={sort} sortBy={sortBy} />
            <Sorted by="duration" label="Took" sort={sort} sortBy={sortBy} />
            {isWide ? <Sorted by="updated_at" label="Last progress" sort={sort} sortBy={sortBy} /> : undefined}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {workflows.map((workflow) => (
            <Table.Row key={workflow.id} verticalAlign="top">
              <Table.Cell>
                <Choice
                  checked={chosen.has(workflow.id)}
                  label={`${workflow.name} ${workflow.key}`}
                  toggle={() => choose(toggled(chosen, workflow.id))}
                />
              </Table.Cell>
              <Table.Cell>
                <StateCell workflow={workflow} />
              </Table.Cell>
              <Table.Cell maxWidth="44" minWidth="24">
                <Link asChild color="fg.info">
                  <RouterLink to={nameAddress(workflow.name)}>
                    <Ellipsis text={workflow.name} />
                  </RouterLink>
                </Link>
              </Table.Cell>
              <Table.Cell maxWidth="52" minWidth="32">
                <KeyLink workflow={workflow} />
                <LabelChips addressOf={addressOfLabel} labels={workflow.labels} most={3} />
              </Table.Cell>
              {isWide ? (
                <Table.Cell>
                  <StepsBar counts={workflow} />
                </Table.Cell>
              ) : undefined}
              <Table.Cell maxWidth="48" minWidth="32">
                <StepCell workflow={workflow} />
              </Table.Cell>
              <Table.Cell maxWidth="72" minWidth="40">
                <WhatIsWrong workflow={workflow} />
              </Table.Cell>
              {isWidest ? (
                <>
                  <Table.Cell maxWidth="40">
                    <Ellipsis lines={2} text={workflow.participants.join(", ")} />
                  </Table.Cell>
                  <Table.Cell maxWidth="32">
                    <Ellipsis text={workflow.owner ?? ""} />
                  </Table.Cell>
                </>
              ) : undefined}
              <Table.Cell title={timeText(workflow.started_at)} whiteSpace="nowrap">
                {spanText(workflow.started_at, null)}
              </Table.Cell>
              <Table.Cell minWidth="24" whiteSpace="nowrap">
                <Took workflow={workflow} />
              </Table.Cell>
              {isWide ? (
                <Table.Cell title={timeText(workflow.updated_at)} whiteSpace="nowrap">
                  {`${spanText(workflow.updated_at, null)} ago`}
                </Table.Cell>
              ) : undefined}
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Table.ScrollArea>
  );
};

/** Narrower padding than Chakra's, so that ten columns fit into 1280 pixels. */
const columns = { "& td, & th": { paddingInline: 2 } };

/** How long it took, and how long after that it was undone. */
const Took = ({ workflow }: { readonly workflow: WorkflowSummary }) => {
  const undone = undoneText(workflow);

  return (
    <>
      {workedText(workflow)}
      {undone === undefined ? undefined : (
        <Text color="fg.muted" fontSize="xs" whiteSpace="normal">
          {`undone ${undone} later`}
        </Text>
      )}
    </>
  );
};

type SortedProps = {
  readonly by: "duration" | "key" | "name" | "started_at" | "updated_at";
  readonly label: string;
  readonly sort: WorkflowSort;
  readonly sortBy: (sort: WorkflowSort) => void;
};

const Sorted = ({ by, label, sort, sortBy }: SortedProps) => {
  const ascends = sort === by;
  const descends = sort === `-${by}`;
  const isText = by === "key" || by === "name";
  // The first click sorts times by newest, durations by longest, and texts alphabetically.
  const next = descends || (!ascends && isText) ? by : (`-${by}` as const);

  return (
    <Table.ColumnHeader
      aria-sort={ascends ? "ascending" : descends ? "descending" : "none"}
      whiteSpace="nowrap"
    >
      <Button fontSize="inherit" fontWeight="inherit" height="auto" onClick={() => sortBy(next)} px={0} variant="plain">
        {label}
        <span aria-hidden="true">{ascends ? "↑" : descends ? "↓" : "↕"}</span>
      </Button>
    </Table.ColumnHeader>
  );
};
