import { Button, Text } from "@chakra-ui/react";
import { useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { type WorkflowAction, workflowActions } from "../actions/action";
import { compareAddress } from "../airflow/airflow";
import type { WorkflowSummary } from "../server/model";
import { BulkDialog } from "./BulkDialog";
import { SelectionLine } from "./SelectionLine";

type Props = {
  /** Whether there is anything to select. */
  readonly canSelect: boolean;
  readonly chosen: readonly WorkflowSummary[];
  /** Called with one sentence that says what was done. */
  readonly done: (outcome: string) => void;
};

type Open = { readonly action: WorkflowAction; readonly workflows: readonly WorkflowSummary[] };

/** Buttons for the selected workflows. Each first shows what it would do to every one of them. */
export const BulkActions = ({ canSelect, chosen, done }: Props) => {
  // The workflows as selected: a refresh of the list may remove them from it.
  const [open, setOpen] = useState<Open>();

  return (
    <>
      {canSelect ? (
        <SelectionLine label="Actions on the selected workflows">
          {chosen.length === 0 ? (
            "Select workflows to act on them together."
          ) : (
            <>
              <Text fontSize="sm">{`${chosen.length} selected`}</Text>
              {workflowActions.map((action) => (
                <Button
                  key={action.name}
                  onClick={() => setOpen({ action, workflows: chosen })}
                  size="xs"
                  variant="outline"
                >
                  {action.label}
                </Button>
              ))}
              {chosen[0] !== undefined && chosen[1] !== undefined && chosen.length === 2 ? (
                <Button asChild size="xs" variant="outline">
                  <RouterLink to={compareAddress(chosen[0].id, chosen[1].id)}>Compare</RouterLink>
                </Button>
              ) : undefined}
            </>
          )}
        </SelectionLine>
      ) : undefined}
      {open === undefined ? undefined : <BulkDialog {...open} close={() => setOpen(undefined)} done={done} />}
    </>
  );
};
