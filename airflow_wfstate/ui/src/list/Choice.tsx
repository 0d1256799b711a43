import { Checkbox } from "@chakra-ui/react";

/** What is chosen once this one was clicked on. */
export const toggled = (chosen: ReadonlySet<string>, id: string): ReadonlySet<string> => {
  const next = new Set(chosen);
  if (!next.delete(id)) {
    next.add(id);
  }
  return next;
};

type ChoiceProps = { readonly checked: boolean | "indeterminate"; readonly label: string; readonly toggle: () => void };

/** Whether a workflow is chosen for what is done to many. */
export const Choice = ({ checked, label, toggle }: ChoiceProps) => (
  <Checkbox.Root checked={checked} onCheckedChange={toggle} size="sm">
    <Checkbox.HiddenInput aria-label={label} />
    <Checkbox.Control />
  </Checkbox.Root>
);
