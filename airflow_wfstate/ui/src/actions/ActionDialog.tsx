import { Text } from "@chakra-ui/react";
import { useState } from "react";

import type { Plan, WorkflowAction } from "./action";
import { Freshness } from "../notices/Notices";
import { ReasonDialog } from "./ReasonDialog";
import { ResumeChoices } from "./ResumeChoices";
import { nothingSaid } from "./resumeWish";
import { useFresh } from "../server/useFresh";

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
  const [wish, setWish] = useState(nothingSaid);
  // The choices stay while another plan is asked for, and when the server refuses what was chosen.
  const [choices, setChoices] = useState<Plan["resumes"]>();
  const question = `${action.name} ${workflowId} ${fromStep ?? ""} ${JSON.stringify(wish)}`;
  const fresh = useFresh(question, async (signal) => {
    const plan = await action.plan(workflowId, signal, fromStep, wish);
    setChoices(plan.resumes);
    return plan;
  });
  const { value } = fresh;

  return (
    <ReasonDialog
      close={close}
      command={(reason) => action.command(workflowId, reason, fromStep, wish)}
      refusal={value === undefined ? "The plan is still loading." : value.refusal}
      send={async (reason) => {
        if (value !== undefined) {
          done((await action.send(workflowId, value.state, reason, fromStep, wish)).outcome);
        }
      }}
      title={fromStep === undefined ? action.label : `Restart from ${fromStep}`}
      verb={fromStep === undefined ? action.label : "Restart"}
    >
      <Freshness fresh={fresh} />
      {choices === undefined ? undefined : <ResumeChoices change={setWish} plan={choices} wish={wish} />}
      {value?.refusal === undefined ? value?.view : <Text>{value.refusal}</Text>}
    </ReasonDialog>
  );
};
