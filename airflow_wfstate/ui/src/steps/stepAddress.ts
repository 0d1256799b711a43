/** The address of a step on the page of its workflow, or on the tab of a run: the steps, with this one unfolded. */

import { useLocation } from "react-router-dom";

import { groupKey } from "../server/model";

type Named = Parameters<typeof groupKey>[0];

/** The parameter of the address that names the step that is unfolded. */
export const stepParameter = "step";

/** Makes addresses of steps of the workflow that is shown. */
export const useStepAddress = (): ((step: Named) => { pathname: string; search: string }) => {
  const { pathname, search } = useLocation();
  return (step) => {
    const parameters = new URLSearchParams(search);
    parameters.set("section", "steps");
    parameters.set(stepParameter, groupKey(step));
    return { pathname, search: `?${parameters.toString()}` };
  };
};
