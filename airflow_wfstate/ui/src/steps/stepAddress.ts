/** The address of a step on its workflow's page, or on the tab of a run: the list of steps with this one unfolded. */

import { useLocation } from "react-router-dom";

import { groupKey } from "../server/model";

type Named = Parameters<typeof groupKey>[0];

/** The parameter of the address that names the unfolded step. */
export const stepParameter = "step";

/** Returns a function that makes addresses of steps of the current workflow. */
export const useStepAddress = (): ((step: Named) => { pathname: string; search: string }) => {
  const { pathname, search } = useLocation();
  return (step) => {
    const parameters = new URLSearchParams(search);
    parameters.set("section", "steps");
    parameters.set(stepParameter, groupKey(step));
    return { pathname, search: `?${parameters.toString()}` };
  };
};
