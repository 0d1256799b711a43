import { Box, Flex, Link } from "@chakra-ui/react";
import { type ReactElement, useRef } from "react";
import { Link as RouterLink, useSearchParams } from "react-router-dom";

import { lastList } from "./address/lastList";
import { useKeptScroll } from "./address/useKeptScroll";
import { pageAddress } from "./airflow/airflow";
import { DashboardCard } from "./airflow/DashboardCard";
import { RunTab } from "./airflow/RunTab";
import { SettledMount } from "./airflow/SettledMount";
import { TaskTab } from "./airflow/TaskTab";
import { ComparePage } from "./compare/ComparePage";
import { EventsPage } from "./events/EventsPage";
import { Keyboard } from "./keys/Keyboard";
import { NamePage } from "./names/NamePage";
import { SubscriptionsPage } from "./subscriptions/SubscriptionsPage";
import { WorkflowPage } from "./workflow/WorkflowPage";
import { WorkflowsPage } from "./list/WorkflowsPage";

/** What Airflow says about the place where it renders a plugin. */
type Place = {
  readonly dagId?: string;
  readonly mapIndex?: string;
  readonly runId?: string;
  readonly taskId?: string;
};

/** The page that the address names; undefined for the list. */
const pageOf = (address: URLSearchParams): ReactElement | undefined => {
  const [workflowId, name, first] = [address.get("workflow"), address.get("about"), address.get("compare")];
  if (workflowId !== null) {
    return <WorkflowPage isWholePage key={workflowId} workflowId={workflowId} />;
  }
  if (name !== null) {
    return <NamePage key={name} name={name} />;
  }
  if (address.has("events")) {
    return <EventsPage />;
  }
  if (address.has("subscriptions")) {
    return <SubscriptionsPage />;
  }
  return first === null ? undefined : <ComparePage first={first} second={address.get("with") ?? undefined} />;
};

/**
 * At /plugin/wfstate, shows what the address names: one workflow, two side by side, a name, the waiting events or the
 * subscriptions; otherwise the list. On a DAG's page, shows the list of that DAG.
 */
const WorkflowsSection = ({ dagId }: Place) => {
  const [address] = useSearchParams();
  const page = useRef<HTMLDivElement>(null);
  const shown = dagId === undefined ? pageOf(address) : undefined;
  useKeptScroll(page);

  return (
    <Box aria-label="Workflows" as="section" data-wfstate="" height="full" overflowY="auto" p={4} ref={page}>
      {dagId === undefined ? (
        <Flex justify={shown === undefined ? "flex-end" : "space-between"} mb={2}>
          {shown === undefined ? undefined : (
            <Link asChild color="fg.info">
              <RouterLink to={{ pathname: pageAddress, search: lastList() }}>All workflows</RouterLink>
            </Link>
          )}
          {/* Inside Airflow's own pages the shortcuts belong to Airflow. */}
          <Keyboard page={page} />
        </Flex>
      ) : undefined}
      {shown ?? <WorkflowsPage dagId={dagId} />}
    </Box>
  );
};

const Workflows = (place: Place) => (
  <SettledMount place="Workflows">
    <WorkflowsSection {...place} />
  </SettledMount>
);

/** Shown on the page of a DAG run or a task instance. */
const WorkflowTab = ({ dagId, mapIndex, runId, taskId }: Place) => {
  if (dagId === undefined || runId === undefined) {
    return undefined;
  }
  return taskId === undefined ? (
    <RunTab dagId={dagId} runId={runId} />
  ) : (
    <TaskTab dagId={dagId} mapIndex={mapIndex === undefined ? -1 : Number(mapIndex)} runId={runId} taskId={taskId} />
  );
};

const Workflow = (place: Place) => (
  <SettledMount place="Workflow">
    <WorkflowTab {...place} />
  </SettledMount>
);

// Airflow imports the bundle once, and looks up the component for each place by the name that the plugin registers.
Object.assign(globalThis, { Workflow, "Workflow summary": DashboardCard, Workflows });

export default Workflows;
