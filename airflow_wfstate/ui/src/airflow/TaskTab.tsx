import { Box, Heading, HStack, Link, Stack, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { CompensationLadder } from "../compensations/CompensationLadder";
import { Freshness, Nothing } from "../notices/Notices";
import { PayloadView } from "../payloads/PayloadView";
import { getSteps, getTaskActivity, getWorkflow } from "../server/client";
import { stepLabel, type TaskActivity, type WorkflowSummary } from "../server/model";
import { useFresh } from "../server/useFresh";
import { StepDetail } from "../steps/StepDetail";
import { StateBadge } from "../text/StateBadge";
import { StoredText } from "../text/StoredText";
import { timeText } from "../text/time";
import { activityText } from "./activity";
import { sectionAddress, workflowAddress } from "./airflow";
import { OfRun, type Run } from "./OfRun";

type Task = Run & { readonly mapIndex: number; readonly taskId: string };

/** The tab on a task instance's page: the workflow, and what this task did for it. */
export const TaskTab = ({ dagId, mapIndex, runId, taskId }: Task) => (
  <OfRun dagId={dagId} runId={runId}>
    {(workflow) => <TaskInWorkflow dagId={dagId} mapIndex={mapIndex} runId={runId} taskId={taskId} workflow={workflow} />}
  </OfRun>
);

const TaskInWorkflow = ({ dagId, mapIndex, runId, taskId, workflow }: Task & { readonly workflow: WorkflowSummary }) => {
  const task = { map_index: mapIndex, run_id: runId, task_id: taskId };
  const subject = `${workflow.id} ${dagId} ${JSON.stringify(task)}`;
  const steps = useFresh(subject, (signal) => getSteps(workflow.id, { ...task, participant: dagId }, signal));
  // What it did for the whole workflow comes from the journal and rarely changes, so it is polled less often.
  const activity = useFresh(subject, (signal) => getTaskActivity(workflow.id, { ...task, dag_id: dagId }, signal), 30);
  const isRelay = activity.value?.is_relay ?? false;
  const isIdle =
    steps.value?.steps.length === 0 && activity.value?.entries.length === 0 && !isRelay;

  return (
    <Stack gap={4}>
      <HStack wrap="wrap">
        <Text>Workflow</Text>
        <Link asChild color="fg.info" fontWeight="bold">
          <RouterLink style={{ overflowWrap: "anywhere" }} to={workflowAddress(workflow.id)}>
            <StoredText text={`${workflow.name} ${workflow.key}`} />
          </RouterLink>
        </Link>
        <StateBadge state={workflow.state} />
      </HStack>
      <Freshness fresh={steps} lines={3} />
      {steps.value === undefined ? undefined : <Freshness fresh={activity} lines={2} />}
      {activity.value === undefined ? undefined : <Entries activity={activity.value} workflow={workflow} />}
      {isIdle ? <Idle participant={dagId} task={task} workflowId={workflow.id} /> : undefined}
      {steps.value?.steps.map((step) => (
        <Box key={step.id}>
          <HStack wrap="wrap">
            <Text fontWeight="bold" overflowWrap="anywhere">
              {"Step "}
              <StoredText text={stepLabel(step)} />
            </Text>
            <StateBadge state={step.state} />
          </HStack>
          <StepDetail step={step} workflowId={workflow.id} />
        </Box>
      ))}
      {isRelay ? (
        <Box>
          <Heading as="h3" mb={1} size="sm">
            What this task undoes
          </Heading>
          {workflow.state === "compensation_failed" ? (
            <Text mb={2}>
              {"The undo has stopped. "}
              <Link asChild color="fg.info">
                <RouterLink to={sectionAddress(workflow.id, "compensations")}>Decide what happens next</RouterLink>
              </Link>
            </Text>
          ) : undefined}
          <CompensationLadder run={{ dag_id: dagId, run_id: runId }} workflowId={workflow.id} />
        </Box>
      ) : undefined}
    </Stack>
  );
};

type IdleProps = {
  readonly participant: string;
  readonly task: { readonly map_index: number; readonly run_id: string; readonly task_id: string };
  readonly workflowId: string;
};

/** Why there is nothing to show. What a mapped task did is on the pages of its items. */
const Idle = ({ participant, task, workflowId }: IdleProps) => {
  const { map_index: mapIndex, ...anyItem } = task;
  const { value } = useFresh(
    `items ${workflowId} ${participant} ${JSON.stringify(task)}`,
    async (signal) => (mapIndex < 0 ? getSteps(workflowId, { ...anyItem, limit: 1, participant }, signal) : { steps: [] }),
    30,
  );

  return value === undefined ? undefined : (
    <Nothing>
      {value.steps.length > 0
        ? "This task is mapped. Open one of its task instances to see what it did for the workflow."
        : "This task has not done anything for the workflow. A task appears here when it is a step, or when it starts, " +
          "completes or undoes the workflow."}
    </Nothing>
  );
};

type EntriesProps = { readonly activity: TaskActivity; readonly workflow: WorkflowSummary };

/** What the task did for the whole workflow, with the workflow's input or output if the task started or completed it. */
const Entries = ({ activity, workflow }: EntriesProps) => (
  <>
    {activity.entries.map((entry) => (
      <Box key={entry.number}>
        <Text overflowWrap="anywhere">
          <StoredText text={activityText(entry, workflow)} />
          <Text as="span" color="fg.muted" fontSize="sm">{` ${timeText(entry.at)}`}</Text>
        </Text>
        {entry.kind === "workflow.started" || entry.kind === "workflow.succeeded" ? (
          <WorkflowValue name={entry.kind === "workflow.started" ? "input" : "output"} workflowId={workflow.id} />
        ) : undefined}
      </Box>
    ))}
  </>
);

const WorkflowValue = ({ name, workflowId }: { readonly name: "input" | "output"; readonly workflowId: string }) => {
  const { value } = useFresh(workflowId, (signal) => getWorkflow(workflowId, signal), 30);
  const payload = value?.[name];
  return payload === null || payload === undefined || payload.text === "null" ? undefined : (
    <Box mt={2}>
      <Text fontSize="sm" mb={1}>{`With this ${name}:`}</Text>
      <PayloadView name={name} payload={payload} />
    </Box>
  );
};
