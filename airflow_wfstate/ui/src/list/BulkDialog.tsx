import { Button, List, Text } from "@chakra-ui/react";
import { useRef, useState } from "react";

import type { Plan, WorkflowAction } from "../actions/action";
import { ReasonDialog } from "../actions/ReasonDialog";
import { ErrorNotice, Loading } from "../notices/Notices";
import type { WorkflowSummary } from "../server/model";
import { isUnknown, problemText, Unanswered } from "../server/problem";
import { useFresh } from "../server/useFresh";
import { counted } from "../text/counted";
import { StoredText } from "../text/StoredText";

type Props = {
  readonly action: WorkflowAction;
  readonly close: () => void;
  /** Called with one sentence that says what was done. */
  readonly done: (outcome: string) => void;
  readonly workflows: readonly WorkflowSummary[];
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

/** Shows what an action would do to each of several workflows, and carries it out, one workflow after the other. */
export const BulkDialog = ({ action, close, done, workflows }: Props) => {
  const ids = workflows.map((workflow) => workflow.id);
  const { error, value } = useFresh(`${action.name} ${ids.join(" ")}`, async (signal) => {
    const plans = new Map<string, Plan>();
    for (const workflow of workflows) {
      plans.set(workflow.id, await planOf(action, workflow, signal)); // one at a time, so that a selection is not a burst
    }
    return plans;
  });
  /** What became of each workflow so far, in words. */
  const [results, setResults] = useState<ReadonlyMap<string, string>>(new Map());
  const [sending, setSending] = useState(false);
  const isStopped = useRef(false);
  const willing = workflows.flatMap((workflow) => {
    const plan = value?.get(workflow.id);
    return plan === undefined || plan.refusal !== undefined || results.get(workflow.id) === isDone ? [] : [{ plan, workflow }];
  });

  const send = async (reason: string) => {
    const told = new Map(results);
    const tell = (workflow: WorkflowSummary, result: string) => {
      told.set(workflow.id, result);
      setResults(new Map(told));
    };
    const failures: string[] = [];
    let isAnyUnknown = false;
    isStopped.current = false;
    setSending(true);
    for (const { plan, workflow } of willing) {
      if (isStopped.current) {
        break;
      }
      try {
        await action.send(workflow.id, plan.state, reason);
        tell(workflow, isDone);
      } catch (problem) {
        isAnyUnknown ||= isUnknown(problem);
        failures.push(`${workflow.key}: ${problemText(problem)}`);
        tell(workflow, `${isUnknown(problem) ? "Not known whether it was done" : "Not done"}. ${problemText(problem)}`);
      }
    }
    setSending(false);
    if (failures.length > 0) {
      throw isAnyUnknown ? new Unanswered(failures.join(" ")) : new Error(failures.join(" "));
    }
    done(outcomeOf(action, workflows, told));
  };

  return (
    <ReasonDialog
      close={close}
      refusal={willing.length === 0 ? "There is nothing to do." : undefined}
      send={send}
      title={`${action.label}: ${counted(workflows.length, "workflow")}`}
      verb={`${action.label}: ${willing.length} of ${workflows.length}`}
    >
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {sending ? (
        <Button
          mb={2}
          onClick={() => {
            isStopped.current = true;
          }}
          size="xs"
          variant="outline"
        >
          Stop after this one
        </Button>
      ) : undefined}
      <List.Root aria-live="polite" ps={5}>
        {workflows.map((workflow) => {
          const plan = value?.get(workflow.id);
          const result = results.get(workflow.id);
          return plan === undefined ? undefined : (
            <List.Item key={workflow.id} overflowWrap="anywhere">
              <Text as="span" fontWeight="bold">
                <StoredText text={`${workflow.name} ${workflow.key}`} />
                {": "}
              </Text>
              {result ?? (plan.refusal === undefined ? plan.summary : `Skipped. ${plan.refusal}`)}
            </List.Item>
          );
        })}
      </List.Root>
    </ReasonDialog>
  );
};

const isDone = "Done.";

/** The most keys that a sentence names. */
const namedAtMost = 5;

/** What a bulk action did: to how many workflows, and which were left out. */
const outcomeOf = (
  action: WorkflowAction,
  workflows: readonly WorkflowSummary[],
  results: ReadonlyMap<string, string>,
): string => {
  const left = workflows.filter(({ id }) => results.get(id) !== isDone).map(({ key }) => key);
  const more = left.length > namedAtMost ? ` and ${left.length - namedAtMost} more` : "";
  const leftOut = left.length === 0 ? "" : ` Left out: ${left.slice(0, namedAtMost).join(", ")}${more}.`;
  return `${action.label}: done for ${workflows.length - left.length} of ${counted(workflows.length, "workflow")}.${leftOut}`;
};
