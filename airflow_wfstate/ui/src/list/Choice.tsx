import { Checkbox } from "@chakra-ui/react";

/** The selection after a click on this id. */
export const toggled = (chosen: ReadonlySet<string>, id: string): ReadonlySet<string> => {
  const next = new Set(chosen);
  if (!next.delete(id)) {
    next.add(id);
  }
  return next;
};

type ChoiceProps = { readonly checked: boolean | "indeterminate"; readonly label: string; readonly toggle: () => void };

/** A checkbox that selects something for an action on many. */
export const Choice = ({ checked, label, toggle }: ChoiceProps) => (
  <Checkbox.Root checked={checked} onCheckedChange={toggle} size="sm">
    <Checkbox.HiddenInput aria-label={label} />
    <Checkbox.Control />
  </Checkbox.Root>
);
