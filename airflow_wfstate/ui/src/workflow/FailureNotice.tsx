import { Box, Button, HStack, Link, Text } from "@chakra-ui/react";
import { type ReactNode, useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { restartAction } from "../actions/action";
import { ActionDialog } from "../actions/ActionDialog";
import { refusalOf } from "../actions/ActionButtons";
import { dagAddress, isAirflows, logAddress, runAddress } from "../airflow/airflow";
import { failingSentence } from "../notices/FailingBadge";
import { getStep } from "../server/client";
import type { AllowedActions, StepState, WorkflowSummary } from "../server/model";
import { useFresh } from "../server/useFresh";
import { ErrorText } from "../text/ErrorText";
import { StoredText } from "../text/StoredText";

type Props = {
  readonly allowed: AllowedActions | undefined;
  /** The buttons for the whole workflow. */
  readonly children: ReactNode;
  readonly done: (outcome: string) => void;
  readonly showCompensations: () => void;
  readonly summary: WorkflowSummary;
};

/** Whether there is a failure to show. */
export const hasFailure = (summary: WorkflowSummary): boolean =>
  summary.failed_step !== null || summary.state === "compensation_failed";

/** What went wrong in a workflow: which step failed, why, where its log is, and what can be done. */
export const FailureNotice = ({ allowed, children, done, showCompensations, summary }: Props) => {
  const { failed_step: failed, failing, hold_reason: holdReason, state } = summary;
  const isStopped = state === "compensation_failed";

  return (
    <Box
      aria-label="What failed"
      bg="colorPalette.solid/8"
      borderColor="colorPalette.solid"
      borderLeftWidth={4}
      borderRadius="sm"
      colorPalette={failing?.is_retried ? "up_for_retry" : "failed"}
      mb={3}
      p={3}
      role="status"
    >
      {isStopped ? (
        <Box mb={failed === null ? 0 : 3}>
          <Text fontWeight="bold">The undo has stopped</Text>
          {holdReason === null ? undefined : <ErrorText error={holdReason} />}
        </Box>
      ) : undefined}
      {failed === null ? undefined : <FailedStepLines failed={failed} summary={summary} />}
      <HStack gap={2} mt={3} wrap="wrap">
        {isStopped ? (
          <Button onClick={showCompensations} size="sm" variant="solid">
            Decide what to do
          </Button>
        ) : undefined}
        {children}
        {failed === null ? undefined : <RestartButton allowed={allowed} done={done} failed={failed} workflowId={summary.id} />}
      </HStack>
    </Box>
  );
};

type FailedStep = NonNullable<WorkflowSummary["failed_step"]>;

/** The text after the step's name. An open step here has a task that has ended. */
const endings: Readonly<Record<StepState, string>> = {
  compensated: " failed and has been undone",
  failed: " failed",
  lost: " is lost: its task ended without reporting how the step ended",
  running: " ended without reporting how",
  skipped: " was skipped",
  succeeded: " succeeded",
  waiting: " ended without reporting how",
};

type LinesProps = { readonly failed: FailedStep; readonly summary: WorkflowSummary };

const FailedStepLines = ({ failed, summary }: LinesProps) => {
  // The list has one line of the error; the step has the full error, which changes only with the next attempt.
  const { value } = useFresh(`${failed.step_id} ${failed.attempt}`, async () => getStep(summary.id, failed.step_id), 60);
  const error = value?.error ?? failed.error ?? "Its process died without reporting how the step ended.";

  return (
    <>
      <Text fontWeight="bold" overflowWrap="anywhere">
        {"Step "}
        <StoredText text={failed.step} />
        {endings[failed.state]}
      </Text>
      {summary.failing === null ? undefined : (
        <Text fontSize="sm" overflowWrap="anywhere">
          <StoredText text={failingSentence(summary.failing)} />
        </Text>
      )}
      <ErrorText error={error} />
      {isAirflows(failed) ? (
        <HStack fontSize="sm" gap={3} mt={1} wrap="wrap">
          <Link asChild color="fg.info">
            <RouterLink to={logAddress(failed)}>{`Log of try ${failed.try_number}`}</RouterLink>
          </Link>
          <Link asChild color="fg.info" overflowWrap="anywhere">
            <RouterLink to={dagAddress(failed.dag_id)}>
              <span>
                {"DAG "}
                <StoredText text={failed.dag_id} />
              </span>
            </RouterLink>
          </Link>
          <Link asChild color="fg.info">
            <RouterLink to={runAddress(failed.dag_id, failed.run_id)}>DAG run</RouterLink>
          </Link>
        </HStack>
      ) : undefined}
    </>
  );
};

type RestartProps = Pick<Props, "allowed" | "done"> & { readonly failed: FailedStep; readonly workflowId: string };

/** A restart from the step that failed, if the server allows it. A single item of a mapped step has no button. */
const RestartButton = ({ allowed, done, failed, workflowId }: RestartProps) => {
  const [isOpen, setOpen] = useState(false);
  if (failed.step.endsWith("]") || refusalOf(allowed, "restart") !== undefined) {
    return undefined;
  }
  return (
    <>
      <Button aria-label={`Restart from this step: ${failed.step}`} onClick={() => setOpen(true)} size="sm" variant="outline">
        Restart from this step
      </Button>
      {isOpen ? (
        <ActionDialog
          action={restartAction}
          close={() => setOpen(false)}
          done={done}
          fromStep={failed.step}
          workflowId={workflowId}
        />
      ) : undefined}
    </>
  );
};
