import { Box, DataList, Heading, HStack, Text } from "@chakra-ui/react";

import { ActionButtons } from "../actions/ActionButtons";
import { CopyButton } from "../text/CopyButton";
import { ErrorText } from "../text/ErrorText";
import { FailingNotice } from "../notices/FailingNotice";
import type { AllowedActions, WorkflowDetail } from "../server/model";
import { PayloadView } from "../payloads/PayloadView";
import { StateBadge } from "../text/StateBadge";
import { StepsBar, StepsLegend } from "../steps/StepsBar";
import { StoredText } from "../text/StoredText";
import { timeText, workedText } from "../text/time";
import { FlagBadges } from "../list/WorkflowsTable";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflow: WorkflowDetail;
};

/** What it is, where it stands, what is wrong, and the buttons. */
export const WorkflowHeader = ({ allowed, done, workflow }: Props) => {
  const { summary } = workflow;

  return (
    <Box borderRadius="md" borderWidth={1} mb={4} p={4}>
      <HStack justify="space-between" mb={3} wrap="wrap">
        <HStack minWidth={0} wrap="wrap">
          <Heading maxWidth="full" minWidth={0} overflowWrap="anywhere" size="lg">
            <StoredText text={summary.name} /> <StoredText text={summary.key} />
          </Heading>
          <CopyButton label="Copy the key" text={summary.key} />
          <StateBadge state={summary.state} />
          <StepsBar counts={summary} />
          <FlagBadges flags={summary.flags} />
        </HStack>
        <ActionButtons allowed={allowed} done={done} workflowId={summary.id} />
      </HStack>
      {summary.failing === null ? undefined : <FailingNotice failing={summary.failing} />}
      <DataList.Root orientation="horizontal" size="sm">
        <DataList.Item>
          <DataList.ItemLabel>Id</DataList.ItemLabel>
          <DataList.ItemValue alignItems="center">
            {summary.id}
            <CopyButton label="Copy the id" text={summary.id} />
          </DataList.ItemValue>
        </DataList.Item>
        {summary.correlation_id === summary.id ? undefined : <Fact name="Correlation id">{summary.correlation_id}</Fact>}
        {summary.generation === 1 ? undefined : <Fact name="Generation">{String(summary.generation)}</Fact>}
        <Fact name="Started">
          {`${timeText(summary.started_at)}, ${workedText(summary)}`}
        </Fact>
        <DataList.Item>
          <DataList.ItemLabel>Steps</DataList.ItemLabel>
          <DataList.ItemValue>
            <StepsLegend counts={summary} />
          </DataList.ItemValue>
        </DataList.Item>
        {summary.deadline_at === null ? undefined : <Fact name="Deadline">{timeText(summary.deadline_at)}</Fact>}
        {Object.keys(summary.labels).length === 0 ? undefined : (
          <Fact name="Labels">
            {Object.entries(summary.labels)
              .map(([name, value]) => `${name}=${value}`)
              .join(", ")}
          </Fact>
        )}
        {summary.hold_reason === null ? undefined : <Fact name="Waits for a person">{summary.hold_reason}</Fact>}
        {summary.error === null ? undefined : (
          <DataList.Item>
            <DataList.ItemLabel>Error</DataList.ItemLabel>
            <DataList.ItemValue>
              <ErrorText error={summary.error} />
            </DataList.ItemValue>
          </DataList.Item>
        )}
      </DataList.Root>
      {workflow.input === null && workflow.output === null ? undefined : (
        <Box mt={3}>
          <details>
            <summary>
              <Text as="span" fontSize="sm">
                Input and output
              </Text>
            </summary>
            {workflow.input === null ? undefined : <PayloadView name="input" payload={workflow.input} />}
            {workflow.output === null ? undefined : <PayloadView name="output" payload={workflow.output} />}
          </details>
        </Box>
      )}
    </Box>
  );
};

const Fact = ({ children, name }: { readonly children: string; readonly name: string }) => (
  <DataList.Item>
    <DataList.ItemLabel>{name}</DataList.ItemLabel>
    <DataList.ItemValue>
      <Text overflowWrap="anywhere" whiteSpace="pre-wrap">
        <StoredText text={children} />
      </Text>
    </DataList.ItemValue>
  </DataList.Item>
);
