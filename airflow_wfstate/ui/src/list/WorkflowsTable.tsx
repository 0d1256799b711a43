import { Box, Button, Link, Table, Text, useBreakpointValue } from "@chakra-ui/react";

import { Link as RouterLink } from "react-router-dom";

import { nameAddress } from "../airflow/airflow";
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

/** A page of the list: a table, or cards where there is no room for one. */
export const WorkflowsTable = ({ sort, sortBy, ...list }: Props) => {
  const isNarrow = useBreakpointValue({ base: true, md: false }, { ssr: false });
  const { addressOfLabel, choose, chosen, workflows } = list;
  const all = workflows.every((workflow) => chosen.has(workflow.id));
  if (isNarrow) {
    return <WorkflowCards {...list} />;
  }
  return (
    <Table.ScrollArea>
      <Table.Root css={columns} interactive size="sm">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader width={8}>
              <Box srOnly>Chosen</Box>
              <Choice
                checked={all ? true : chosen.size > 0 ? "indeterminate" : false}
                label="All of this page"
                toggle={() => choose(all ? new Set() : new Set(workflows.map((workflow) => workflow.id)))}
              />
            </Table.ColumnHeader>
            <Table.ColumnHeader>State</Table.ColumnHeader>
            <Sorted by="name" label="Name" sort={sort} sortBy={sortBy} />
            <Sorted by="key" label="Key" sort={sort} sortBy={sortBy} />
            <Table.ColumnHeader hideBelow="xl">Steps done</Table.ColumnHeader>
            <Table.ColumnHeader>Failed or current step</Table.ColumnHeader>
            <Table.ColumnHeader>Error</Table.ColumnHeader>
            <Table.ColumnHeader hideBelow="2xl">Participants</Table.ColumnHeader>
            <Table.ColumnHeader hideBelow="2xl">Owner</Table.ColumnHeader>
            <Sorted by="started_at" label="Age" sort={sort} sortBy={sortBy} />
            <Sorted by="duration" label="Took" sort={sort} sortBy={sortBy} />
            <Sorted by="updated_at" hideBelow="xl" label="Last progress" sort={sort} sortBy={sortBy} />
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
              <Table.Cell hideBelow="xl">
                <StepsBar counts={workflow} />
              </Table.Cell>
              <Table.Cell maxWidth="48" minWidth="32">
                <StepCell workflow={workflow} />
              </Table.Cell>
              <Table.Cell maxWidth="72" minWidth="40">
                <WhatIsWrong workflow={workflow} />
              </Table.Cell>
              <Table.Cell hideBelow="2xl" maxWidth="40">
                <Ellipsis lines={2} text={workflow.participants.join(", ")} />
              </Table.Cell>
              <Table.Cell hideBelow="2xl" maxWidth="32">
                <Ellipsis text={workflow.owner ?? ""} />
              </Table.Cell>
              <Table.Cell title={timeText(workflow.started_at)} whiteSpace="nowrap">
                {spanText(workflow.started_at, null)}
              </Table.Cell>
              <Table.Cell whiteSpace="nowrap">
                <Took workflow={workflow} />
              </Table.Cell>
              <Table.Cell hideBelow="xl" title={timeText(workflow.updated_at)} whiteSpace="nowrap">
                {`${spanText(workflow.updated_at, null)} ago`}
              </Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Table.ScrollArea>
  );
};

/** Closer than Chakra's own, so that ten columns have room at 1280 pixels. */
const columns = { "& td, & th": { paddingInline: 2 } };

/** How long it has worked, and how long after that it was undone. */
const Took = ({ workflow }: { readonly workflow: WorkflowSummary }) => {
  const undone = undoneText(workflow);

  return (
    <>
      {workedText(workflow)}
      {undone === undefined ? undefined : (
        <Text color="fg.muted" fontSize="xs">
          {`undone ${undone} later`}
        </Text>
      )}
    </>
  );
};

type SortedProps = {
  readonly by: "duration" | "key" | "name" | "started_at" | "updated_at";
  /** The width of the window below which there is no room for it; none by default. */
  readonly hideBelow?: "xl";
  readonly label: string;
  readonly sort: WorkflowSort;
  readonly sortBy: (sort: WorkflowSort) => void;
};

const Sorted = ({ by, hideBelow, label, sort, sortBy }: SortedProps) => {
  const ascends = sort === by;
  const descends = sort === `-${by}`;
  const isText = by === "key" || by === "name";
  // Of times the newest come first, of durations the longest, of words the letter a.
  const next = descends || (!ascends && isText) ? by : (`-${by}` as const);

  return (
    <Table.ColumnHeader
      aria-sort={ascends ? "ascending" : descends ? "descending" : "none"}
      whiteSpace="nowrap"
      {...(hideBelow === undefined ? {} : { hideBelow })}
    >
      <Button fontSize="inherit" fontWeight="inherit" height="auto" onClick={() => sortBy(next)} px={0} variant="plain">
        {label}
        <span aria-hidden="true">{ascends ? "↑" : descends ? "↓" : "↕"}</span>
      </Button>
    </Table.ColumnHeader>
  );
};
