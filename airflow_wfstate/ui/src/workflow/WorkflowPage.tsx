import { Tabs } from "@chakra-ui/react";

import { useAddress } from "../address/useAddress";
import { getActions, getWorkflow } from "../server/client";
import { CompensationLadder } from "../compensations/CompensationLadder";
import { JournalSection } from "../journal/JournalSection";
import { DecisionPanel } from "../compensations/DecisionPanel";
import { Freshness, OutcomeNotice } from "../notices/Notices";
import { useOutcome } from "../notices/useOutcome";
import { RunsTable } from "./RunsTable";
import { GraphSection } from "../graph/GraphSection";
import { StepsTable } from "../steps/StepsTable";
import { TimelineView } from "../timeline/TimelineView";
import { titleOf, useTitle } from "./useTitle";
import { useFresh } from "../server/useFresh";
import { Waits } from "./Waits";
import { WorkflowHeader } from "./WorkflowHeader";

const sections = {
  compensations: "Compensations",
  graph: "Graph",
  journal: "Journal",
  runs: "DAG runs",
  steps: "Steps",
  timeline: "Timeline",
};
const order: readonly (keyof typeof sections)[] = ["timeline", "steps", "compensations", "graph", "journal", "runs"];

type Props = {
  /** Whether to set the browser's title; not inside Airflow's own pages, which set theirs. */
  readonly isWholePage?: boolean;
  readonly workflowId: string;
};

/** One workflow: its state, the actions on it, its steps, compensations, journal and DAG runs. */
export const WorkflowPage = ({ isWholePage = false, workflowId }: Props) => {
  const [address, setAddress] = useAddress();
  const fresh = useFresh(workflowId, (signal) => getWorkflow(workflowId, signal));
  const { at, refresh, value } = fresh;
  const state = value?.summary.state;
  const outcome = useOutcome(at, state);
  useTitle(isWholePage && value !== undefined ? titleOf(value.summary) : undefined);
  // Loaded once the workflow is known, and again when its state has changed. Otherwise rarely, because the server makes
  // every plan for each response. The plan in a dialog has the last word.
  const allowed = useFresh(
    `${workflowId} ${state ?? ""}`,
    async (signal) => (state === undefined ? undefined : getActions(workflowId, signal)),
    30,
    workflowId, // the buttons keep the last response while the next one loads
  );
  const section = order.find((name) => name === address.get("section")) ?? "timeline";

  const done = (told: string) => {
    outcome.tell(told);
    refresh();
    allowed.refresh();
  };
  const show = (name: string) =>
    setAddress((last) => {
      const next = new URLSearchParams(last);
      next.set("section", name);
      return next;
    });

  return (
    <>
      {outcome.told === undefined ? undefined : (
        <OutcomeNotice dismiss={outcome.dismiss}>{outcome.told}</OutcomeNotice>
      )}
      <Freshness fresh={fresh} lines={10} />
      {value === undefined ? undefined : (
        <>
          <WorkflowHeader
            allowed={allowed.value}
            done={done}
            now={at}
            showCompensations={() => show("compensations")}
            workflow={value}
          />
          <Waits now={at} workflow={value} />
          {state === "compensation_failed" ? (
            <DecisionPanel allowed={allowed.value} done={done} workflowId={workflowId} />
          ) : undefined}
          <Tabs.Root lazyMount onValueChange={({ value: name }) => show(name)} unmountOnExit value={section}>
            <Tabs.List flexWrap="wrap" mb={2}>
              {order.map((name) => (
                <Tabs.Trigger key={name} value={name}>
                  {sections[name]}
                </Tabs.Trigger>
              ))}
            </Tabs.List>
            <Tabs.Content value="timeline">
              <TimelineView now={at} workflow={value} />
            </Tabs.Content>
            <Tabs.Content value="steps">
              <StepsTable allowed={allowed.value} done={done} workflow={value} />
            </Tabs.Content>
            <Tabs.Content value="compensations">
              <CompensationLadder workflowId={workflowId} />
            </Tabs.Content>
            <Tabs.Content value="graph">
              <GraphSection workflowId={workflowId} />
            </Tabs.Content>
            <Tabs.Content value="journal">
              <JournalSection workflow={value} />
            </Tabs.Content>
            <Tabs.Content value="runs">
              <RunsTable runs={value.runs} />
            </Tabs.Content>
          </Tabs.Root>
        </>
      )}
    </>
  );
};
