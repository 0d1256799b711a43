import { useState } from "react";

type Outcome = { readonly since: number; readonly state: string | undefined; readonly told: string };

/**
 * What a button did, for as long as that is news: until the workflow leaves the state that it was brought to, or the
 * reader has read it.
 *
 * @param at when the workflow was loaded, in milliseconds since 1970.
 * @param state of the workflow when it was loaded; undefined before that.
 */
export const useOutcome = (at: number, state: string | undefined) => {
  const [outcome, setOutcome] = useState<Outcome>();
  if (outcome !== undefined && at > outcome.since) {
    if (outcome.state === undefined) {
      setOutcome({ ...outcome, state });
    } else if (outcome.state !== state) {
      setOutcome(undefined);
    }
  }
  return {
    dismiss: () => setOutcome(undefined),
    tell: (told: string) => setOutcome({ since: Date.now(), state: undefined, told }),
    told: outcome?.told,
  };
};
