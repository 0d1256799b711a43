import { Box, Button, HStack, Text } from "@chakra-ui/react";
import { type ReactNode, useState } from "react";

import { getSteps, getWorkflows } from "../server/client";
import { stepLabel } from "../server/model";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { StateBadge } from "../text/StateBadge";
import { StepDetail } from "../steps/StepDetail";
import { useFresh } from "../server/useFresh";
import { WorkflowPage } from "../workflow/WorkflowPage";
import { StoredText } from "../text/StoredText";

type Run = { readonly dagId: string; readonly runId: string };

/** On a DAG run's page: the workflow that the run takes part in. */
export const RunTab = ({ dagId, runId }: Run) => (
  <OfRun dagId={dagId} runId={runId}>
    {(workflowId) => <WorkflowPage key={workflowId} workflowId={workflowId} />}
  </OfRun>
);

type Task = Run & { readonly mapIndex: number; readonly taskId: string };

/** On a task instance's page: what it did for its step. */
export const TaskTab = ({ dagId, mapIndex, runId, taskId }: Task) => (
  <OfRun dagId={dagId} runId={runId}>
    {(workflowId) => <StepsOfTask dagId={dagId} mapIndex={mapIndex} runId={runId} taskId={taskId} workflowId={workflowId} />}
  </OfRun>
);

const StepsOfTask = ({ dagId, mapIndex, runId, taskId, workflowId }: Task & { readonly workflowId: string }) => {
  const question = { map_index: mapIndex, participant: dagId, run_id: runId, task_id: taskId };
  const { error, value } = useFresh(`${workflowId} ${JSON.stringify(question)}`, (signal) =>
    getSteps(workflowId, question, signal),
  );
  const steps = value?.steps ?? [];

  return (
    <>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value !== undefined && steps.length === 0 ? <Nothing>This task has made no attempt of a step.</Nothing> : undefined}
      {steps.map((step) => (
        <Box key={step.id} mb={4}>
          <HStack>
            <Text fontWeight="bold">{"Step "}
              <StoredText text={stepLabel(step)} /></Text>
            <StateBadge state={step.state} />
          </HStack>
          <StepDetail step={step} workflowId={workflowId} />
        </Box>
      ))}
    </>
  );
};

type OfRunProps = Run & { readonly children: (workflowId: string) => ReactNode };

/** Finds the workflow of a run; a run that was bound again takes part in several, of which the newest is shown. */
const OfRun = ({ children, dagId, runId }: OfRunProps) => {
  const [chosen, setChosen] = useState<string>();
  const { error, value } = useFresh(`${dagId} ${runId}`, (signal) =>
    getWorkflows({ dag_id: dagId, limit: 20, run_id: runId }, signal),
  );
  const workflows = value?.workflows ?? [];
  const shown = workflows.find((workflow) => workflow.id === chosen) ?? workflows[0];

  return (
    <Box data-wfstate="" p={2}>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value !== undefined && shown === undefined ? (
        <Nothing>This run takes part in no workflow. It joins one by StartWorkflowOperator, or by its first step.</Nothing>
      ) : undefined}
      {workflows.length < 2 ? undefined : (
        <HStack aria-label="Workflows of this run" mb={3} role="group">
          {workflows.map((workflow) => (
            <Button
              aria-pressed={workflow.id === shown?.id}
              key={workflow.id}
              onClick={() => setChosen(workflow.id)}
              size="xs"
              variant={workflow.id === shown?.id ? "solid" : "outline"}
            >
              <StoredText text={`${workflow.name} ${workflow.key} (${workflow.generation})`} />
            </Button>
          ))}
        </HStack>
      )}
      {shown === undefined ? undefined : children(shown.id)}
    </Box>
  );
};
