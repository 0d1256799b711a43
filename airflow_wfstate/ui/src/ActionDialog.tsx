import { Text } from "@chakra-ui/react";

import type { WorkflowAction } from "./action";
import { ErrorNotice, Loading } from "./Notices";
import { ReasonDialog } from "./ReasonDialog";
import { useFresh } from "./useFresh";

type Props = {
  readonly action: WorkflowAction;
  readonly close: () => void;
  /** Is told what was done, in one sentence. */
  readonly done: (outcome: string) => void;
  /** For a restart. */
  readonly fromStep?: string | undefined;
  readonly workflowId: string;
};

/** The server's plan of an action, and the button that does it. */
export const ActionDialog = ({ action, close, done, fromStep, workflowId }: Props) => {
  const { error, value } = useFresh(`${action.name} ${workflowId} ${fromStep ?? ""}`, (signal) =>
    action.plan(workflowId, signal, fromStep),
  );

  return (
    <ReasonDialog
      close={close}
      refusal={value === undefined ? "The plan is not known yet." : value.refusal}
      send={async (reason) => done((await action.send(workflowId, reason, fromStep)).outcome)}
      title={fromStep === undefined ? action.label : `Restart from ${fromStep}`}
      verb={fromStep === undefined ? action.label : "Restart"}
    >
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value?.refusal === undefined ? value?.view : <Text>{value.refusal}</Text>}
    </ReasonDialog>
  );
};
