import { Button, HStack } from "@chakra-ui/react";

import { words, type WorkflowStats, workflowStates } from "../server/model";
import { StateBadge } from "../text/StateBadge";

type Props = {
  readonly chosen: string;
  readonly choose: (state: string) => void;
  readonly stats: WorkflowStats;
};

/** The number of workflows in each state; a click filters by it. A phone shows only states in which there are any. */
export const StateCounts = ({ choose, chosen, stats }: Props) => (
  <HStack aria-label="Workflows by state" gap={2} mb={4} role="group" wrap="wrap">
    <Button aria-pressed={chosen === ""} onClick={() => choose("")} size="xs" variant={chosen === "" ? "solid" : "outline"}>
      {`All ${stats.total}`}
    </Button>
    {workflowStates.map((state) => (
      <Button
        aria-label={`${words(state)}: ${stats.by_state[state] ?? 0}`}
        aria-pressed={chosen === state}
        hideBelow={chosen === state || (stats.by_state[state] ?? 0) > 0 ? undefined : "md"}
        key={state}
        onClick={() => choose(chosen === state ? "" : state)}
        size="xs"
        variant={chosen === state ? "subtle" : "outline"}
      >
        <StateBadge state={state} />
        {stats.by_state[state] ?? 0}
      </Button>
    ))}
  </HStack>
);
