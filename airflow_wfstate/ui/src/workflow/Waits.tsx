import { Box, Heading, List, Text } from "@chakra-ui/react";

import type { PendingWait, StepGroup, WorkflowDetail } from "../server/model";
import { StoredText } from "../text/StoredText";
import { ageText, timeText } from "../text/time";

/** What it is waiting for, if the reader is allowed to know. */
export const whatText = ({ what }: Pick<PendingWait, "what">): string => what ?? "something that you are not allowed to see";

/** Since when, and until when if the wait has a limit. */
export const sinceText = ({ since, until }: Pick<PendingWait, "since" | "until">, now: number): string => {
  const began = `since ${timeText(since)} (${ageText(now - Date.parse(since))})`;
  return until === null ? began : `${began}, until ${timeText(until)}`;
};

/** What the workflow is waiting for outside its tasks: services, events, people, other workflows. */
export const Waits = ({ now, workflow }: { readonly now: number; readonly workflow: WorkflowDetail }) =>
  workflow.waits.length === 0 ? undefined : (
    <Box aria-label="Waiting for" as="section" borderRadius="md" borderWidth={1} mb={4} px={4} py={3}>
      <Heading as="h3" mb={1} size="sm">
        Waiting for
      </Heading>
      <List.Root fontSize="sm" gap={1} listStyle="none" ps={0}>
        {workflow.waits.map((wait) => (
          <List.Item key={`${wait.waiter} ${wait.kind} ${wait.since}`} overflowWrap="anywhere">
            <Text as="span" fontWeight="bold">
              <StoredText text={wait.waiter} />
            </Text>
            {" waits for "}
            <StoredText text={whatText(wait)} />
            <Text as="span" color="fg.muted">{`, ${sinceText(wait, now)}`}</Text>
          </List.Item>
        ))}
      </List.Root>
      {workflow.further_waits === 0 ? undefined : (
        <Text color="fg.muted" fontSize="sm">{`and ${workflow.further_waits.toLocaleString("en")} more`}</Text>
      )}
    </Box>
  );

type OfStepProps = { readonly group: StepGroup; readonly waits: readonly PendingWait[] };

/** What a step is waiting for, in its row; for a mapped step, what its first waiting item is waiting for. */
export const WaitsOfStep = ({ group, waits }: OfStepProps) => {
  const [wait] = waits.filter(
    (one) => one.has_begun && one.participant === group.participant && one.name === group.name,
  );

  return wait === undefined || group.state === "succeeded" ? undefined : (
    <Text color="fg.muted" fontSize="xs" overflowWrap="anywhere">
      {"waits for "}
      <StoredText text={whatText(wait)} />
      {`, since ${timeText(wait.since)}`}
    </Text>
  );
};
