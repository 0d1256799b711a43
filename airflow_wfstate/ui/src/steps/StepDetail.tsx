import { Box, Button, Heading, HStack, Link, Stack, Table, Text } from "@chakra-ui/react";
import { useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { AttemptComparison } from "../compare/AttemptComparison";
import { isAirflows, logAddress, runAddress } from "../airflow/airflow";
import { JournalEntries } from "../journal/JournalEntries";
import { getCheckpoints, getJournal, getStep } from "../server/client";
import { ErrorText } from "../text/ErrorText";
import { sizeText } from "../server/json";
import { problemText } from "../server/problem";
import { type Attempt, type Step, stepLabel } from "../server/model";
import { ErrorNotice, Freshness, Loading } from "../notices/Notices";
import { PayloadView } from "../payloads/PayloadView";
import { StateBadge } from "../text/StateBadge";
import { spanText, timeText } from "../text/time";
import { useFresh } from "../server/useFresh";

/** The details of one step: attempts, output, checkpoints with their values, compensations. */
export const StepDetail = ({ step, workflowId }: { readonly step: Step; readonly workflowId: string }) => (
  <Stack gap={4} py={2}>
    {step.attempts.length === 0 ? (
      <Reports step={step} workflowId={workflowId} />
    ) : (
      <>
        <AttemptsTable attempts={step.attempts} />
        <AttemptComparison attempts={step.attempts} />
      </>
    )}
    <Box>
      <Heading as="h4" mb={1} size="sm">
        Output
      </Heading>
      {step.output !== null ? (
        <PayloadView name={stepLabel(step)} payload={step.output} />
      ) : step.output_left_out ? (
        <OutputLeftOut step={step} workflowId={workflowId} />
      ) : (
        <NoOutput step={step} />
      )}
    </Box>
    {step.checkpoints.length === 0 ? undefined : <Checkpoints step={step} workflowId={workflowId} />}
    {step.compensations.length === 0 ? undefined : (
      <Box>
        <Heading as="h4" mb={1} size="sm">
          Compensations
        </Heading>
        {step.compensations.map((compensation) => (
          <Box key={compensation.round}>
            <HStack>
              <StateBadge state={compensation.state} />
              <Text fontSize="sm">
                {`${compensation.handler}, round ${compensation.round}, attempts ${compensation.attempts} of ${compensation.max_attempts}`}
              </Text>
            </HStack>
            {compensation.error === null ? undefined : <ErrorText error={compensation.error} />}
          </Box>
        ))}
      </Box>
    )}
  </Stack>
);

/** What a service has reported about its step, each report with its event. */
const Reports = ({ step, workflowId }: { readonly step: Step; readonly workflowId: string }) => {
  const filter = { kinds: [], step: `${step.participant}.${step.name}` };
  const fresh = useFresh(`reports ${workflowId} ${step.id}`, (signal) => getJournal(workflowId, 0, filter, signal));

  return (
    <Box>
      <Heading as="h4" mb={1} size="sm">
        Reports from the service
      </Heading>
      <Freshness fresh={fresh} isPart lines={2} />
      {fresh.value === undefined ? undefined : <JournalEntries entries={fresh.value.entries} workflowId={workflowId} />}
    </Box>
  );
};

const NoOutput = ({ step }: { readonly step: Step }) => (
  <Text color="fg.muted" fontSize="sm">
    {step.output_type === null
      ? "There is no output."
      : `${step.output_type}, ${step.output_size} bytes. You are not allowed to see the values of ${step.participant}.`}
  </Text>
);

/** A large output, loaded on demand. */
const OutputLeftOut = ({ step, workflowId }: { readonly step: Step; readonly workflowId: string }) => {
  const [loaded, setLoaded] = useState<Step>();
  const [error, setError] = useState<string>();

  const load = async () => {
    try {
      setLoaded(await getStep(workflowId, step.id));
      setError(undefined);
    } catch (problem) {
      setError(problemText(problem));
    }
  };

  if (loaded !== undefined && loaded.output_sha256 === step.output_sha256) {
    return loaded.output === null ? (
      <NoOutput step={loaded} />
    ) : (
      <PayloadView name={stepLabel(step)} payload={loaded.output} />
    );
  }
  return (
    <>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={false} />}
      <Button onClick={() => void load()} size="xs" variant="outline">
        {`Load the output (${step.output_type}, ${sizeText(step.output_size ?? 0)})`}
      </Button>
    </>
  );
};

const AttemptsTable = ({ attempts }: { readonly attempts: readonly Attempt[] }) => (
  <Box overflowX="auto">
    <Heading as="h4" mb={1} size="sm">
      Attempts
    </Heading>
    <Table.Root size="sm">
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeader>Attempt</Table.ColumnHeader>
          <Table.ColumnHeader>State</Table.ColumnHeader>
          <Table.ColumnHeader>Round</Table.ColumnHeader>
          <Table.ColumnHeader>Started</Table.ColumnHeader>
          <Table.ColumnHeader>Duration</Table.ColumnHeader>
          <Table.ColumnHeader>In Airflow</Table.ColumnHeader>
          <Table.ColumnHeader>Error</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {attempts.map((attempt) => (
          <Table.Row key={attempt.number}>
            <Table.Cell>{attempt.number}</Table.Cell>
            <Table.Cell>
              <StateBadge state={attempt.state} />
            </Table.Cell>
            <Table.Cell>{attempt.round}</Table.Cell>
            <Table.Cell whiteSpace="nowrap">{timeText(attempt.started_at)}</Table.Cell>
            <Table.Cell>{spanText(attempt.started_at, attempt.ended_at)}</Table.Cell>
            <Table.Cell>{isAirflows(attempt) ? <AirflowLinks attempt={attempt} /> : undefined}</Table.Cell>
            <Table.Cell>{attempt.error === null ? undefined : <ErrorText error={attempt.error} />}</Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  </Box>
);

const AirflowLinks = ({ attempt }: { readonly attempt: Attempt }) => (
  <HStack>
    <Link asChild color="fg.info">
      <RouterLink to={logAddress(attempt)}>{`log of try ${attempt.try_number}`}</RouterLink>
    </Link>
    <Link asChild color="fg.info">
      <RouterLink to={runAddress(attempt.dag_id, attempt.run_id)}>DAG run</RouterLink>
    </Link>
  </HStack>
);

const Checkpoints = ({ step, workflowId }: { readonly step: Step; readonly workflowId: string }) => {
  const [after, setAfter] = useState<string>();
  const { error, value } = useFresh(`${workflowId} ${step.id} ${after ?? ""}`, (signal) =>
    getCheckpoints(workflowId, step.id, after, signal),
  );

  return (
    <Box>
      <Heading as="h4" mb={1} size="sm">
        Checkpoints
      </Heading>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value?.checkpoints.map((checkpoint) => (
        <Box key={`${checkpoint.round} ${checkpoint.name}`} mb={2}>
          <Text fontSize="sm" mb={1}>
            {`${checkpoint.name}, round ${checkpoint.round}, saved by attempt ${checkpoint.attempt} at ${timeText(checkpoint.saved_at)}`}
          </Text>
          {checkpoint.value === null ? undefined : <PayloadView name={checkpoint.name} payload={checkpoint.value} />}
        </Box>
      ))}
      {after === undefined ? undefined : (
        <Button onClick={() => setAfter(undefined)} size="xs" variant="outline">
          First checkpoints
        </Button>
      )}
      {value?.next_after ? (
        <Button onClick={() => setAfter(value.next_after ?? undefined)} size="xs" variant="outline">
          Next checkpoints
        </Button>
      ) : undefined}
    </Box>
  );
};
