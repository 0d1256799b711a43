import { Box, DataList, Heading, HStack, Link, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { compareAddress, nameAddress } from "../airflow/airflow";
import { ActionButtons } from "../actions/ActionButtons";
import { CopyButton } from "../text/CopyButton";
import { errorColor, ErrorText } from "../text/ErrorText";
import type { AllowedActions, WorkflowDetail } from "../server/model";
import { InputAndOutput } from "../payloads/InputAndOutput";
import { StateBadge } from "../text/StateBadge";
import { StepsBar, StepsLegend } from "../steps/StepsBar";
import { StoredText } from "../text/StoredText";
import { latenessText, timeText, undoneText, workedText } from "../text/time";
import { labelAddress } from "../airflow/airflow";
import { FlagBadges } from "../list/FlagBadges";
import { LabelChips } from "../list/LabelChips";
import { FailureNotice, hasFailure } from "./FailureNotice";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly now: number;
  readonly showCompensations: () => void;
  readonly workflow: WorkflowDetail;
};

/** The workflow's name, state and facts, what is wrong, and the buttons. */
export const WorkflowHeader = ({ allowed, done, now, showCompensations, workflow }: Props) => {
  const { summary } = workflow;
  const buttons = <ActionButtons allowed={allowed} done={done} workflowId={summary.id} />;
  const undone = undoneText(summary);

  return (
    <Box borderRadius="md" borderWidth={1} mb={4} p={4}>
      <HStack justify="space-between" mb={3} wrap="wrap">
        <HStack minWidth={0} wrap="wrap">
          <Heading maxWidth="full" minWidth={0} overflowWrap="anywhere" size="lg">
            <Link asChild color="fg.info" display="inline" overflowWrap="anywhere">
              <RouterLink to={nameAddress(summary.name)}>
                <StoredText text={summary.name} />
              </RouterLink>
            </Link>{" "}
            <StoredText text={summary.key} />
          </Heading>
          <CopyButton label="Copy the key" text={summary.key} />
          <StateBadge state={summary.state} />
          <StepsBar counts={summary} />
          <FlagBadges flags={summary.flags} />
        </HStack>
        {hasFailure(summary) ? undefined : buttons}
      </HStack>
      {hasFailure(summary) ? (
        <FailureNotice allowed={allowed} done={done} showCompensations={showCompensations} summary={summary}>
          {buttons}
        </FailureNotice>
      ) : undefined}
      <DataList.Root css={facts} orientation="horizontal" size="sm">
        <DataList.Item>
          <DataList.ItemLabel>Id</DataList.ItemLabel>
          <DataList.ItemValue alignItems="center">
            {summary.id}
            <CopyButton label="Copy the id" text={summary.id} />
          </DataList.ItemValue>
        </DataList.Item>
        {summary.correlation_id === summary.id ? undefined : <Fact name="Correlation id">{summary.correlation_id}</Fact>}
        {summary.generation === 1 ? undefined : <Fact name="Generation">{String(summary.generation)}</Fact>}
        <DataList.Item>
          <DataList.ItemLabel>Compare</DataList.ItemLabel>
          <DataList.ItemValue>
            <Link asChild color="fg.info">
              <RouterLink to={compareAddress(summary.id)}>with another workflow</RouterLink>
            </Link>
          </DataList.ItemValue>
        </DataList.Item>
        <Fact name="Started">{timeText(summary.started_at)}</Fact>
        <Fact name={summary.forward_ended_at === null ? "Running for" : "Took"}>{workedText(summary)}</Fact>
        {undone === undefined ? undefined : <Fact name="Undone after">{undone}</Fact>}
        <DataList.Item>
          <DataList.ItemLabel>Steps</DataList.ItemLabel>
          <DataList.ItemValue>
            <StepsLegend counts={summary} />
          </DataList.ItemValue>
        </DataList.Item>
        <Definition workflow={workflow} />
        {summary.deadline_at === null ? undefined : <Deadline now={now} summary={summary} />}
        {Object.keys(summary.labels).length === 0 ? undefined : (
          <DataList.Item>
            <DataList.ItemLabel>Labels</DataList.ItemLabel>
            <DataList.ItemValue>
              <LabelChips addressOf={labelAddress} labels={summary.labels} />
            </DataList.ItemValue>
          </DataList.Item>
        )}
        {summary.hold_reason === null || summary.state === "compensation_failed" ? undefined : <Fact name="On hold">{summary.hold_reason}</Fact>}
        {summary.error === null || isTold(summary) ? undefined : (
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
            <InputAndOutput workflow={workflow} />
          </details>
        </Box>
      )}
    </Box>
  );
};

/** Side by side if there is space. On a phone, the names leave most of the width to the values. */
const facts = {
  "& dt": { minWidth: { base: "5.5rem", md: "7.5rem" } },
  columnGap: 10,
  display: "grid",
  gridTemplateColumns: { base: "minmax(0, 1fr)", lg: "repeat(2, minmax(0, 1fr))" },
};

/** Whether the workflow's error is that of the failed step, which is already shown above. */
const isTold = ({ error, failed_step: failed }: WorkflowDetail["summary"]): boolean =>
  failed !== null && failed.error !== null && (error?.includes(failed.error.replace(/…$/, "")) ?? false);

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

/** The workflow's version of its definition. Renders nothing if no definition was applied. */
const Definition = ({ workflow }: { readonly workflow: WorkflowDetail }) => {
  const { definition_in_force: inForce, definition_number: own } = workflow;

  if (inForce === null || inForce === undefined) {
    return undefined;
  }
  const has = own === null || own === undefined ? "from its start" : `version ${own}`;

  return <Fact name="Definition">{own === inForce ? has : `${has}; version ${inForce} is in force`}</Fact>;
};

/** The deadline, marked if it has passed or was missed. */
const Deadline = ({ now, summary }: { readonly now: number; readonly summary: WorkflowDetail["summary"] }) => {
  const lateness = latenessText(summary, now);

  return (
    <DataList.Item>
      <DataList.ItemLabel>Deadline</DataList.ItemLabel>
      <DataList.ItemValue>
        <HStack gap={2} wrap="wrap">
          <Text>{timeText(summary.deadline_at ?? "")}</Text>
          {lateness === undefined ? undefined : (
            <Text color={errorColor} fontWeight="bold">
              {lateness}
            </Text>
          )}
        </HStack>
      </DataList.ItemValue>
    </DataList.Item>
  );
};
