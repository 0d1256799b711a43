import { Box, Heading, List, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

import { counted } from "../text/counted";
import { type CancelPlan, type CompensatePlan, type ResumePlan, words } from "../server/model";
import { StoredText } from "../text/StoredText";

type Task = { readonly dag_id: string; readonly map_index: number; readonly run_id: string; readonly task_id: string };

const taskText = (task: Task): string =>
  `${task.dag_id} / ${task.run_id} / ${task.task_id}${task.map_index < 0 ? "" : `[${task.map_index}]`}`;

const fates: Readonly<Record<ResumePlan["undeclared_steps"][number]["fate"], string>> = {
  closed: "closed as skipped, because it was removed before it finished",
  renamed: "continues as",
  stays: "unchanged: done",
  undecided: "renamed or removed?",
};

/** What a resume or a restart would do. */
export const ResumePlanView = ({ plan }: { readonly plan: ResumePlan }) => (
  <>
    <Part
      items={plan.tasks.map((task) => `${taskText(task)}: ${task.why}`)}
      title={`${counted(plan.tasks.length, "task")} in ${counted(plan.runs.length, "run")} will be cleared`}
    />
    <Part items={plan.recreated_runs.map((run) => `${run.dag_id} / ${run.run_id}`)} title="Runs to be recreated" />
    <Part items={plan.steps_to_run.map((step) => `${step.step}: ${step.why}`)} title="Steps that will run" />
    <Part
      items={plan.steps_answering}
      title={`${counted(plan.steps_answering.length, "step")} already done: the stored output is reused, nothing runs again`}
    />
    <Part
      items={plan.paused_dags.map((dag) => `${dag.dag_id}: ${dag.command}`)}
      title="Paused DAGs: nothing runs until you unpause them"
    />
    <Part
      items={plan.undeclared_steps.map(
        (step) => `${step.step}: ${fates[step.fate]}${step.renamed_to === null ? "" : ` ${step.renamed_to}`}`,
      )}
      title="Steps that are no longer declared by any task"
    />
    <Part
      items={plan.new_steps.filter((step) => step.renamed_from === null).map((step) => step.step)}
      title="New steps"
    />
    <Part items={plan.notes} title="Notes" />
  </>
);

const RUNNING_ARE_UNDONE = "Steps in progress: they end first, and are undone too if they declare an undo";

/** What a cancel would do. */
export const CancelPlanView = ({ plan }: { readonly plan: CancelPlan }) => (
  <>
    <Text mb={3}>{plan.outcome}</Text>
    <Part items={plan.tasks.map(taskText)} title={`${counted(plan.tasks.length, "task")} will be set to failed`} />
    <Part
      items={plan.open_steps}
      title={plan.next_state === "compensating" ? RUNNING_ARE_UNDONE : "Steps in progress: they end first"}
    />
    <Part items={plan.undone.map((item) => `${item.step}, by ${item.handler}`)} ordered title="Will be undone, in this order" />
    <StaysPart stays={plan.stays} />
    <Part items={plan.discarded.map((item) => `${item.step}, by ${item.handler}`)} title="Will never be undone" />
    <Part items={plan.paused_dag_ids} title="Paused DAGs: nothing ends, and nothing is undone, until someone unpauses them" />
  </>
);

/** What an undo would do. */
export const CompensatePlanView = ({ plan }: { readonly plan: CompensatePlan }) => (
  <>
    <Text mb={3}>{plan.outcome}</Text>
    <Part
      items={plan.undone.map(
        (item) =>
          `${item.step}, by ${item.handler}${item.dag_id === "" ? "" : ` in ${item.dag_id}`}${item.obstacle === null ? "" : `. ${item.obstacle}`}`,
      )}
      ordered
      title={`${counted(plan.undone.length, "step")} will be undone, in this order`}
    />
    <Part items={plan.irreversible.map((item) => `${item.step}: ${item.reason}`)} title="Cannot be undone" />
    <StaysPart stays={plan.stays} />
    <Part items={plan.already.map((item) => `${item.step}: ${words(item.state)}`)} title="Already decided" />
    <Part
      items={plan.not_needed.map((item) => `${item.step}, round ${item.round}`)}
      title="No undo needed: the step did not act, or there was nothing to undo"
    />
    <Part items={plan.open_steps} title={RUNNING_ARE_UNDONE} />
    <Part items={plan.tasks.map(taskText)} title={`${counted(plan.tasks.length, "task")} will be set to failed`} />
  </>
);

/** Steps that acted, or may have acted, and have no undo. If there are very many, the server lists only the first. */
const StaysPart = ({ stays }: { readonly stays: CompensatePlan["stays"] }) => (
  <Part
    items={[
      ...stays.steps.map(
        (item) =>
          `${item.step}${item.round === 1 ? "" : `, round ${item.round}`}${item.state === "succeeded" ? "" : `: ${item.state}, may have acted`}`,
      ),
      ...(stays.count > stays.steps.length ? [`and ${stays.count - stays.steps.length} more`] : []),
    ]}
    title={`${counted(stays.count, "step")} ${stays.count === 1 ? "stays as it is" : "stay as they are"}: no undo is declared`}
  />
);

type PartProps = { readonly items: readonly string[]; readonly ordered?: boolean; readonly title: ReactNode };

const Part = ({ items, ordered = false, title }: PartProps) =>
  items.length === 0 ? undefined : (
    <Box mb={3}>
      <Heading as="h3" mb={1} size="sm">
        {title}
      </Heading>
      <List.Root as={ordered ? "ol" : "ul"} fontSize="sm" ps={5}>
        {items.map((item) => (
          <List.Item key={item} overflowWrap="anywhere">
            <StoredText text={item} />
          </List.Item>
        ))}
      </List.Root>
    </Box>
  );
