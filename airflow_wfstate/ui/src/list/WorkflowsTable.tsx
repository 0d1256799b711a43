import { Badge, Box, Button, Checkbox, HStack, Link, Table, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { nameAddress, workflowAddress } from "../airflow/airflow";
import { FailingBadge } from "../notices/FailingNotice";
import { type Flag, words, type WorkflowSort, type WorkflowSummary } from "../server/model";
import { StateBadge } from "../text/StateBadge";
import { StepsBar } from "../steps/StepsBar";
import { StoredText } from "../text/StoredText";
import { spanText, timeText, workedText } from "../text/time";

type Props = {
  readonly chosen: ReadonlySet<string>;
  readonly choose: (ids: ReadonlySet<string>) => void;
  readonly sort: WorkflowSort;
  readonly sortBy: (sort: WorkflowSort) => void;
  readonly workflows: readonly WorkflowSummary[];
};

/** A page of the list. */
export const WorkflowsTable = ({ choose, chosen, sort, sortBy, workflows }: Props) => {
  const all = workflows.every((workflow) => chosen.has(workflow.id));
  const toggled = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) {
      next.add(id);
    }
    return next;
  };

  return (
    <Table.ScrollArea>
      <Table.Root interactive size="sm">
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
            <Table.ColumnHeader>Steps done</Table.ColumnHeader>
            <Table.ColumnHeader>Participants</Table.ColumnHeader>
            <Table.ColumnHeader>Current step</Table.ColumnHeader>
            <Table.ColumnHeader>Owner</Table.ColumnHeader>
            <Table.ColumnHeader>Flags</Table.ColumnHeader>
            <Sorted by="started_at" label="Age" sort={sort} sortBy={sortBy} />
            <Sorted by="updated_at" label="Last progress" sort={sort} sortBy={sortBy} />
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {workflows.map((workflow) => (
            <Table.Row key={workflow.id}>
              <Table.Cell>
                <Choice
                  checked={chosen.has(workflow.id)}
                  label={`${workflow.name} ${workflow.key}`}
                  toggle={() => choose(toggled(workflow.id))}
                />
              </Table.Cell>
              <Table.Cell>
                <HStack gap={1} wrap="wrap">
                  <StateBadge state={workflow.state} />
                  {workflow.failing === null ? undefined : <FailingBadge failing={workflow.failing} />}
                </HStack>
              </Table.Cell>
              <Table.Cell>
                <Link asChild color="fg.info">
                  <RouterLink to={nameAddress(workflow.name)}>
                    <StoredText text={workflow.name} />
                  </RouterLink>
                </Link>
              </Table.Cell>
              <Table.Cell>
                <Link asChild color="fg.info" fontWeight="bold">
                  <RouterLink to={workflowAddress(workflow.id)}>
                    <StoredText text={workflow.key} />
                  </RouterLink>
                </Link>
                {workflow.generation > 1 ? (
                  <Text as="span" color="fg.muted">{` (generation ${workflow.generation})`}</Text>
                ) : undefined}
              </Table.Cell>
              <Table.Cell>
                <StepsBar counts={workflow} />
              </Table.Cell>
              <Table.Cell>{workflow.participants?.join(", ")}</Table.Cell>
              <Table.Cell>{workflow.current_step}</Table.Cell>
              <Table.Cell>{workflow.owner}</Table.Cell>
              <Table.Cell>
                <FlagBadges flags={workflow.flags} />
              </Table.Cell>
              <Table.Cell title={`${timeText(workflow.started_at)}, ${workedText(workflow)}`} whiteSpace="nowrap">
                {spanText(workflow.started_at, null)}
              </Table.Cell>
              <Table.Cell title={timeText(workflow.updated_at)} whiteSpace="nowrap">
                {`${spanText(workflow.updated_at, null)} ago`}
              </Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Table.ScrollArea>
  );
};

type ChoiceProps = { readonly checked: boolean | "indeterminate"; readonly label: string; readonly toggle: () => void };

const Choice = ({ checked, label, toggle }: ChoiceProps) => (
  <Checkbox.Root checked={checked} onCheckedChange={toggle} size="sm">
    <Checkbox.HiddenInput aria-label={label} />
    <Checkbox.Control />
  </Checkbox.Root>
);

type SortedProps = {
  readonly by: "key" | "name" | "started_at" | "updated_at";
  readonly label: string;
  readonly sort: WorkflowSort;
  readonly sortBy: (sort: WorkflowSort) => void;
};

const Sorted = ({ by, label, sort, sortBy }: SortedProps) => {
  const ascends = sort === by;
  const descends = sort === `-${by}`;
  const isTime = by === "started_at" || by === "updated_at";
  // Of times the newest come first, of words the letter a.
  const next = descends || (!ascends && !isTime) ? by : (`-${by}` as const);

  return (
    <Table.ColumnHeader aria-sort={ascends ? "ascending" : descends ? "descending" : "none"}>
      <Button fontSize="inherit" fontWeight="inherit" height="auto" onClick={() => sortBy(next)} px={0} variant="plain">
        {label}
        <span aria-hidden="true">{ascends ? "↑" : descends ? "↓" : "↕"}</span>
      </Button>
    </Table.ColumnHeader>
  );
};

/** Why a workflow makes no progress or needs a person; the cause on hover, and read out. */
export const FlagBadges = ({ flags }: { readonly flags: readonly Flag[] }) => (
  <HStack gap={1} wrap="wrap">
    {flags.map((flag) => (
      <Badge
        aria-label={`${words(flag.kind)}: ${flag.cause}`}
        color="fg"
        colorPalette="orange"
        key={flag.kind}
        role="img"
        tabIndex={0}
        title={`${flag.cause}${flag.owner === null ? "" : `\nOwner: ${flag.owner}`}`}
        variant="outline"
      >
        {`⚑ ${words(flag.kind)}`}
      </Badge>
    ))}
  </HStack>
);
