/** The steps of two workflows, matched by name. Pure. */

import { participantLabel, type StepGroup, type WorkflowDetail } from "../server/model";

export type ComparedSteps = {
  readonly left: StepGroup | undefined;
  readonly name: string;
  readonly right: StepGroup | undefined;
};

const nameOf = (group: StepGroup): string => `${participantLabel(group)}.${group.name}`;

/** All steps of both, in the order of the left workflow. Steps that only the right one has come last. */
export const comparedSteps = (left: WorkflowDetail, right: WorkflowDetail): ComparedSteps[] => {
  const others = new Map(right.step_groups.map((group) => [nameOf(group), group]));
  const rows = left.step_groups.map((group) => {
    const other = others.get(nameOf(group));
    others.delete(nameOf(group));
    return { left: group, name: nameOf(group), right: other };
  });
  return [...rows, ...[...others.values()].map((group) => ({ left: undefined, name: nameOf(group), right: group }))];
};

/** Whether two steps with the same name ended differently, or one of them is missing. */
export const stepsDiffer = ({ left, right }: ComparedSteps): boolean =>
  left === undefined ||
  right === undefined ||
  left.state !== right.state ||
  left.items !== right.items ||
  left.attempts !== right.attempts ||
  left.error !== right.error;
