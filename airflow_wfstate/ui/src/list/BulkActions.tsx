import { Button, HStack, List, Text } from "@chakra-ui/react";
import { useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { compareAddress } from "../airflow/airflow";
import { type Plan, type WorkflowAction, workflowActions } from "../actions/action";
import { counted } from "../text/counted";
import type { WorkflowSummary } from "../server/model";
import { ErrorNotice, Loading } from "../notices/Notices";
import { isUnknown, problemText, Unanswered } from "../server/problem";
import { ReasonDialog } from "../actions/ReasonDialog";
import { useFresh } from "../server/useFresh";

type Props = { readonly chosen: readonly WorkflowSummary[]; readonly done: () => void };

/** Buttons for the selected workflows. Each first shows what it would do to every one of them. */
export const BulkActions = ({ chosen, done }: Props) => {
  const [open, setOpen] = useState<WorkflowAction>();

  return chosen.length === 0 ? undefined : (
    <HStack aria-label="Actions on the selected workflows" mb={2} role="group" wrap="wrap">
      <Text fontSize="sm">{`${chosen.length} selected`}</Text>
      {workflowActions.map((action) => (
        <Button key={action.name} onClick={() => setOpen(action)} size="xs" variant="outline">
          {action.label}
        </Button>
      ))}
      {chosen[0] !== undefined && chosen[1] !== undefined && chosen.length === 2 ? (
        <Button asChild size="xs" variant="outline">
          <RouterLink to={compareAddress(chosen[0].id, chosen[1].id)}>Compare</RouterLink>
        </Button>
      ) : undefined}
      {open === undefined ? undefined : (
        <BulkDialog action={open} chosen={chosen} close={() => setOpen(undefined)} done={done} />
      )}
    </HStack>
  );
};

/** The plan for one of many. A workflow that the server refuses to plan is skipped; the others are not. */
const planOf = async (action: WorkflowAction, workflow: WorkflowSummary, signal: AbortSignal): Promise<Plan> => {
  try {
    return await action.plan(workflow.id, signal);
  } catch (problem) {
    signal.throwIfAborted();
    return { refusal: problemText(problem), state: workflow.state, summary: "", view: undefined };
  }
};

type DialogProps = Props & { readonly action: WorkflowAction; readonly close: () => void };

const BulkDialog = ({ action, chosen, close, done }: DialogProps) => {
  const ids = chosen.map((workflow) => workflow.id);
  const { error, value } = useFresh(`${action.name} ${ids.join(" ")}`, async (signal) => {
    const plans = new Map<string, Plan>();
    for (const workflow of chosen) {
      plans.set(workflow.id, await planOf(action, workflow, signal)); // one at a time, so that a selection is not a burst
    }
    return plans;
  });
  const willing = chosen.flatMap((workflow) => {
    const plan = value?.get(workflow.id);
    return plan === undefined || plan.refusal !== undefined ? [] : [{ plan, workflow }];
  });

  const send = async (reason: string) => {
    const failures: string[] = [];
    let isAnyUnknown = false;
    for (const { plan, workflow } of willing) {
      try {
        await action.send(workflow.id, plan.state, reason);
      } catch (problem) {
        isAnyUnknown ||= isUnknown(problem);
        failures.push(`${workflow.key}: ${problemText(problem)}`);
      }
    }
    if (failures.length > 0) {
      throw isAnyUnknown ? new Unanswered(failures.join(" ")) : new Error(failures.join(" "));
    }
    done();
  };

  return (
    <ReasonDialog
      close={close}
      refusal={willing.length === 0 ? "There is nothing to do." : undefined}
      send={send}
      title={`${action.label}: ${counted(chosen.length, "workflow")}`}
      verb={`${action.label}: ${willing.length} of ${chosen.length}`}
    >
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      <List.Root ps={5}>
        {chosen.map((workflow) => {
          const plan = value?.get(workflow.id);
          return plan === undefined ? undefined : (
            <List.Item key={workflow.id} overflowWrap="anywhere">
              <Text as="span" fontWeight="bold">{`${workflow.name} ${workflow.key}: `}</Text>
              {plan.refusal === undefined ? plan.summary : `Skipped. ${plan.refusal}`}
            </List.Item>
          );
        })}
      </List.Root>
    </ReasonDialog>
  );
};
