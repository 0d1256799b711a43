import { Code, DataList, Heading, HStack, Link, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { getWorkflow } from "./client";
import type { Payload, WorkflowDetail } from "./domain";
import { JournalSection } from "./JournalSection";
import { ErrorNotice, Loading } from "./Notices";
import { RunsTable } from "./RunsTable";
import { StateBadge } from "./StateBadge";
import { StepsTable } from "./StepsTable";
import { spanText, timeText } from "./time";
import { useFresh } from "./useFresh";
import { StepsDone } from "./WorkflowsPage";

/** One workflow: where it stands, its steps, the DAG runs that take part, and its journal. */
export const WorkflowPage = ({ workflowId }: { readonly workflowId: string }) => {
  const { error, value } = useFresh(workflowId, (signal) => getWorkflow(workflowId, signal));

  return (
    <>
      <Link asChild color="fg.info" mb={2}>
        <RouterLink to={{ search: "" }}>All workflows</RouterLink>
      </Link>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value === undefined ? undefined : (
        <>
          <Header workflow={value} />
          <StepsTable notReached={value.not_reached} remaining={value.progress.remaining} steps={value.steps} />
          <RunsTable runs={value.runs} />
          <JournalSection workflowId={workflowId} />
        </>
      )}
    </>
  );
};

const Header = ({ workflow }: { readonly workflow: WorkflowDetail }) => {
  const { summary } = workflow;

  return (
    <>
      <HStack mb={4} wrap="wrap">
        <Heading size="lg">
          {summary.name} {summary.key}
        </Heading>
        <StateBadge state={summary.state} />
        <StepsDone done={summary.steps_done} total={summary.steps_total} />
      </HStack>
      <DataList.Root mb={6} orientation="horizontal" size="md">
        <Fact name="Id">{summary.id}</Fact>
        {summary.correlation_id === summary.id ? undefined : <Fact name="Correlation id">{summary.correlation_id}</Fact>}
        <Fact name="Generation">{String(summary.generation)}</Fact>
        <Fact name="Started">
          {`${timeText(summary.started_at)}, ${summary.ended_at === null ? "open for" : "took"} ${spanText(summary.started_at, summary.ended_at)}`}
        </Fact>
        {summary.deadline_at === null ? undefined : <Fact name="Deadline">{timeText(summary.deadline_at)}</Fact>}
        {summary.error === null ? undefined : <Fact name="Error">{summary.error}</Fact>}
        {summary.hold_reason === null ? undefined : <Fact name="Waits for a person">{summary.hold_reason}</Fact>}
        {workflow.input === null ? undefined : <Value name="Input" payload={workflow.input} />}
        {workflow.output === null ? undefined : <Value name="Output" payload={workflow.output} />}
      </DataList.Root>
    </>
  );
};

const Fact = ({ children, name }: { readonly children: string; readonly name: string }) => (
  <DataList.Item>
    <DataList.ItemLabel>{name}</DataList.ItemLabel>
    <DataList.ItemValue>
      <Text whiteSpace="pre-wrap">{children}</Text>
    </DataList.ItemValue>
  </DataList.Item>
);

const Value = ({ name, payload }: { readonly name: string; readonly payload: Payload }) => (
  <DataList.Item>
    <DataList.ItemLabel>{name}</DataList.ItemLabel>
    <DataList.ItemValue>
      <Code lineClamp={5} wordBreak="break-all">
        {payload.text}
      </Code>
    </DataList.ItemValue>
  </DataList.Item>
);
