import { Box, HStack, Text } from "@chakra-ui/react";
import { useState } from "react";

import { refusalOf } from "../actions/ActionButtons";
import { decideCommand } from "../actions/command";
import { ReasonDialog } from "../actions/ReasonDialog";
import { RefusableButton } from "../actions/RefusableButton";
import { Freshness } from "../notices/Notices";
import { decide, getPendingCompensations } from "../server/client";
import type { AllowedActions, StepCompensation } from "../server/model";
import { useFresh } from "../server/useFresh";
import { CopyButton } from "../text/CopyButton";
import { ErrorText } from "../text/ErrorText";
import { paletteOf } from "../text/statePalette";
import { StoredText } from "../text/StoredText";
import { type Choice, decisions } from "./decisions";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflowId: string;
};

type Open = { readonly choice: Choice; readonly item: StepCompensation };

/** Shown above a workflow whose undo has stopped: which compensations wait for a decision and why, and the buttons. */
export const DecisionPanel = ({ allowed, done, workflowId }: Props) => {
  const fresh = useFresh(workflowId, (signal) => getPendingCompensations(workflowId, signal));
  const [open, setOpen] = useState<Open>();
  const refusal = refusalOf(allowed, "decide");

  return (
    <Box aria-label="Compensations waiting for a decision" as="section">
      <Freshness fresh={fresh} isPart lines={2} />
      {fresh.value?.map((item) => (
        <Box
          borderColor="colorPalette.solid"
          borderLeftWidth={4}
          borderRadius="md"
          borderWidth={1}
          colorPalette={paletteOf("compensation_failed")}
          key={`${item.step_id} ${item.compensation.round}`}
          mb={3}
          p={3}
        >
          <Text fontSize="sm" fontWeight="medium" overflowWrap="anywhere">
            {item.compensation.state === "failed" ? "Could not be undone: " : "Cannot be undone at the moment: "}
            <StoredText text={item.step} />
          </Text>
          <Text color="fg.muted" fontSize="sm" overflowWrap="anywhere">
            <StoredText text={item.compensation.handler} />
            {`, attempts ${item.compensation.attempts} of ${item.compensation.max_attempts}`}
          </Text>
          {item.compensation.error === null ? undefined : <ErrorText error={item.compensation.error} />}
          <HStack mt={2} wrap="wrap">
            {decisions.map((choice) => (
              <HStack aria-label={choice.label} gap={0} key={choice.decision} role="group">
                <RefusableButton
                  act={() => setOpen({ choice, item })}
                  label={`${choice.label}: ${item.step}`}
                  refusal={refusal}
                  size="sm"
                >
                  {choice.label}
                </RefusableButton>
                <CopyButton
                  label="Copy as command"
                  text={decideCommand(workflowId, choice.decision, item.step, item.compensation.round)}
                />
              </HStack>
            ))}
          </HStack>
        </Box>
      ))}
      {open === undefined ? undefined : (
        <ReasonDialog
          close={() => setOpen(undefined)}
          command={(reason) =>
            decideCommand(workflowId, open.choice.decision, open.item.step, open.item.compensation.round, reason)
          }
          refusal={undefined}
          requiresReason
          send={async (reason) => {
            const { decision } = open.choice;
            const answer = await decide(workflowId, decision, open.item.step, open.item.compensation.round, reason);
            done(answer.outcome);
            fresh.refresh();
          }}
          title={`${open.choice.label}: compensation of ${open.item.step}`}
          verb={open.choice.label}
        >
          <Text mb={3}>{open.choice.explained}</Text>
        </ReasonDialog>
      )}
    </Box>
  );
};
