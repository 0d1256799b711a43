import { Box, Button, HStack, Text } from "@chakra-ui/react";
import { type ReactNode, useState } from "react";

import { getWorkflow, getWorkflows } from "./client";
import { stepLabel, type WorkflowDetail } from "./model";
import { ErrorNotice, Loading, Nothing } from "./Notices";
import { StateBadge } from "./StateBadge";
import { StepDetail } from "./StepDetail";
import { useFresh } from "./useFresh";
import { WorkflowPage } from "./WorkflowPage";

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

/** The steps that a task instance has made attempts of. */
export const stepsOfTask = (workflow: WorkflowDetail, task: Task) =>
  workflow.steps.filter((step) =>
    step.attempts.some(
      (attempt) =>
        attempt.dag_id === task.dagId &&
        attempt.run_id === task.runId &&
        attempt.task_id === task.taskId &&
        attempt.map_index === task.mapIndex,
    ),
  );

const StepsOfTask = ({ workflowId, ...task }: Task & { readonly workflowId: string }) => {
  const { error, value } = useFresh(workflowId, (signal) => getWorkflow(workflowId, signal));
  const steps = value === undefined ? [] : stepsOfTask(value, task);

  return (
    <>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value !== undefined && steps.length === 0 ? <Nothing>This task has made no attempt of a step.</Nothing> : undefined}
      {steps.map((step) => (
        <Box key={step.id} mb={4}>
          <HStack>
            <Text fontWeight="bold">{`Step ${stepLabel(step)}`}</Text>
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
              {`${workflow.name} ${workflow.key} (${workflow.generation})`}
            </Button>
          ))}
        </HStack>
      )}
      {shown === undefined ? undefined : children(shown.id)}
    </Box>
  );
};
