import { Text } from "@chakra-ui/react";
import { useState } from "react";

import type { Plan, WorkflowAction } from "./action";
import { Freshness } from "../notices/Notices";
import { ReasonDialog } from "./ReasonDialog";
import { ResumeChoices } from "./ResumeChoices";
import { noOptions } from "./resumeOptions";
import { useFresh } from "../server/useFresh";

type Props = {
  readonly action: WorkflowAction;
  readonly close: () => void;
  /** Called with one sentence that says what was done. */
  readonly done: (outcome: string) => void;
  /** The step to restart from; undefined for other actions. */
  readonly fromStep?: string | undefined;
  readonly workflowId: string;
};

/** Shows the server's plan for an action, and the button that carries it out. */
export const ActionDialog = ({ action, close, done, fromStep, workflowId }: Props) => {
  const [options, setOptions] = useState(noOptions);
  // Keep the choices while another plan loads, and when the server refuses what was chosen.
  const [choices, setChoices] = useState<Plan["resumes"]>();
  const question = `${action.name} ${workflowId} ${fromStep ?? ""} ${JSON.stringify(options)}`;
  const fresh = useFresh(question, async (signal) => {
    const plan = await action.plan(workflowId, signal, fromStep, options);
    setChoices(plan.resumes);
    return plan;
  });
  const { value } = fresh;

  return (
    <ReasonDialog
      close={close}
      command={(reason) => action.command(workflowId, reason, fromStep, options)}
      refusal={value === undefined ? "The plan is still loading." : value.refusal}
      send={async (reason) => {
        if (value !== undefined) {
          done((await action.send(workflowId, value.state, reason, fromStep, options)).outcome);
        }
      }}
      title={fromStep === undefined ? action.label : `Restart from ${fromStep}`}
      verb={fromStep === undefined ? action.label : "Restart"}
    >
      <Freshness fresh={fresh} />
      {choices === undefined ? undefined : <ResumeChoices change={setOptions} options={options} plan={choices} />}
      {value?.refusal === undefined ? value?.view : <Text>{value.refusal}</Text>}
    </ReasonDialog>
  );
};
