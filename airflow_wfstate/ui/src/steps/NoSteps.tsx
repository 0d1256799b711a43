import { Nothing } from "../notices/Notices";
import { openStates, type WorkflowState } from "../server/model";

/** Shown in place of a workflow's steps while there are none. */
export const NoSteps = ({ state }: { readonly state: WorkflowState }) => (
  <Nothing>
    {openStates.includes(state)
      ? "No step has started yet. A step appears here when its task begins (a task decorated with @task.step, or an " +
        "operator with durable()), or when its service reports it in an event."
      : "It ended without any step."}
  </Nothing>
);
