import { Button, HStack } from "@chakra-ui/react";
import { useState } from "react";

import { type WorkflowAction, workflowActions } from "./action";
import { ActionDialog } from "./ActionDialog";
import type { AllowedActions } from "../server/model";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflowId: string;
};

/** Why the server would refuse an action; undefined when it would not. */
export const refusalOf = (allowed: AllowedActions | undefined, name: string): string | undefined =>
  allowed === undefined
    ? "It is not known yet whether this is allowed."
    : (allowed.actions.find((action) => action.action === name)?.refusal ?? undefined);

/** The buttons for the whole workflow; one that is refused says why. */
export const ActionButtons = ({ allowed, done, workflowId }: Props) => {
  const [open, setOpen] = useState<WorkflowAction>();

  return (
    <HStack wrap="wrap">
      {workflowActions.map((action) => {
        const refusal = refusalOf(allowed, action.name);
        return (
          // Not `disabled`: who uses a keyboard shall reach the button, and hear why it is of no use.
          <Button
            aria-disabled={refusal !== undefined}
            aria-label={refusal === undefined ? action.label : `${action.label}. ${refusal}`}
            color={refusal === undefined ? undefined : "fg.muted"}
            cursor={refusal === undefined ? "button" : "not-allowed"}
            key={action.name}
            onClick={() => (refusal === undefined ? setOpen(action) : undefined)}
            size="sm"
            title={refusal}
            variant={refusal === undefined ? "outline" : "ghost"}
          >
            {action.label}
          </Button>
        );
      })}
      {open === undefined ? undefined : (
        <ActionDialog action={open} close={() => setOpen(undefined)} done={done} workflowId={workflowId} />
      )}
    </HStack>
  );
};
