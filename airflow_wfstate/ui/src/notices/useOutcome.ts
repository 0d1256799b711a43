import { useState } from "react";

import { present } from "../text/clock";

type Outcome = { readonly since: number; readonly state: string | undefined; readonly told: string };

/**
 * What a button did, kept as long as it is news: until the workflow leaves the resulting state, or the reader dismisses
 * the message.
 *
 * @param at when the workflow was loaded, in milliseconds since 1970.
 * @param state the workflow's state when it was loaded; undefined before that.
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
    tell: (told: string) => setOutcome({ since: present(), state: undefined, told }),
    told: outcome?.told,
  };
};
