import { Code, Heading, HStack, Link, Stack, Table, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { runAddress } from "./airflow";
import type { Attempt, Step } from "./domain";
import { Nothing } from "./Notices";
import { StateBadge } from "./StateBadge";
import { spanText, timeText } from "./time";

type Props = {
  /** After a success: planned steps that never began. */
  readonly notReached: readonly string[];
  /** Planned steps that have not begun. */
  readonly remaining: readonly string[];
  readonly steps: readonly Step[];
};

export const StepsTable = ({ notReached, remaining, steps }: Props) => (
  <>
    <Heading mb={2} size="md">
      Steps
    </Heading>
    {steps.length === 0 ? <Nothing>No step has begun yet.</Nothing> : undefined}
    {steps.length === 0 ? undefined : (
      <Table.ScrollArea>
        <Table.Root size="sm">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>State</Table.ColumnHeader>
              <Table.ColumnHeader>Step</Table.ColumnHeader>
              <Table.ColumnHeader>Participant</Table.ColumnHeader>
              <Table.ColumnHeader>Attempts</Table.ColumnHeader>
              <Table.ColumnHeader>Compensations</Table.ColumnHeader>
              <Table.ColumnHeader>Output</Table.ColumnHeader>
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {steps.map((step) => (
              <StepRow key={step.id} step={step} />
            ))}
          </Table.Body>
        </Table.Root>
      </Table.ScrollArea>
    )}
    <Text color="fg.muted" fontSize="sm" mb={6} mt={2}>
      {remaining.length > 0 && notReached.length === 0 ? `Remaining: ${remaining.join(", ")}` : undefined}
      {notReached.length > 0 ? `Planned, and not reached: ${notReached.join(", ")}` : undefined}
    </Text>
  </>
);

const StepRow = ({ step }: { readonly step: Step }) => (
  <Table.Row verticalAlign="top">
    <Table.Cell>
      <StateBadge state={step.state} />
    </Table.Cell>
    <Table.Cell>
      {step.item_key === "" ? step.name : `${step.name}[${step.item_key}]`}
      {step.checkpoints.map((checkpoint) => (
        <Text color="fg.muted" fontSize="xs" key={`${checkpoint.round} ${checkpoint.name}`} title={timeText(checkpoint.saved_at)}>
          {`checkpoint ${checkpoint.name} (${checkpoint.type}, ${checkpoint.size} bytes)`}
        </Text>
      ))}
    </Table.Cell>
    <Table.Cell>{step.participant}</Table.Cell>
    <Table.Cell>
      <Stack gap={1}>
        {step.attempts.map((attempt) => (
          <AttemptLine attempt={attempt} key={attempt.number} />
        ))}
      </Stack>
    </Table.Cell>
    <Table.Cell>
      <Stack gap={1}>
        {step.compensations.map((compensation) => (
          <HStack key={compensation.round} title={compensation.error ?? compensation.handler}>
            <StateBadge state={compensation.state} />
            <Text fontSize="xs">{`round ${compensation.round}, attempts ${compensation.attempts} of ${compensation.max_attempts}`}</Text>
          </HStack>
        ))}
      </Stack>
    </Table.Cell>
    <Table.Cell maxWidth="sm">
      {step.output === null ? (
        step.output_type !== null && `${step.output_type}, ${step.output_size} bytes`
      ) : (
        <Code lineClamp={3} wordBreak="break-all">
          {step.output.text}
        </Code>
      )}
    </Table.Cell>
  </Table.Row>
);

const AttemptLine = ({ attempt }: { readonly attempt: Attempt }) => (
  <>
    <HStack title={timeText(attempt.started_at)}>
      <Link asChild color="fg.info" fontSize="xs">
        <RouterLink to={runAddress(attempt.dag_id, attempt.run_id)}>{`#${attempt.number}`}</RouterLink>
      </Link>
      <StateBadge state={attempt.state} />
      <Text fontSize="xs">{spanText(attempt.started_at, attempt.ended_at)}</Text>
    </HStack>
    {attempt.error === null ? undefined : (
      <Text color="fg.error" fontSize="xs" lineClamp={3} title={attempt.error}>
        {attempt.error}
      </Text>
    )}
  </>
);
