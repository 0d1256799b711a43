import { Box, Button, HStack, NativeSelect } from "@chakra-ui/react";
import { useState } from "react";

import { stepStates, words } from "../server/model";
import { LabelFilter } from "./LabelFilter";
import { TextFilters } from "./TextFilters";
import { TimeFilter } from "./TimeFilter";
import { TypedFilter } from "./TypedFilter";
import { periods } from "./workflowFilter";

type Props = {
  readonly addLabel: (label: string) => void;
  readonly address: URLSearchParams;
  readonly filter: (changes: Record<string, string>) => void;
  readonly isFixedDag: boolean;
};

/** The filters behind the button, so that the list starts high on the page. */
const furtherNames = ["since", "from", "to", "step", "contains", "error"];

/** The filters of the list. Rarely used ones are folded away until one of them is set. */
export const FilterBar = ({ addLabel, address, filter, isFixedDag }: Props) => {
  const [asked, setAsked] = useState<boolean>();
  const isOpen = asked ?? furtherNames.some((name) => address.has(name));

  // On a narrow screen these two are folded away too.
  const wide = { base: isOpen ? "block" : "none", md: "block" };

  return (
    <HStack gap={2} mb={2} role="search" wrap="wrap">
      <TypedFilter address={address} filter={filter} label="Key or correlation id" name="search" />
      <Box display={wide} width={{ base: "full", md: "auto" }}>
        <TypedFilter address={address} filter={filter} label="Workflow name" name="name" />
      </Box>
      {isFixedDag ? undefined : (
        <Box display={wide} width={{ base: "full", md: "auto" }}>
          <TypedFilter address={address} filter={filter} label="Participating DAG" name="dag" />
        </Box>
      )}
      <Button
        aria-pressed={address.get("flagged") === "true"}
        onClick={() => filter({ flagged: address.get("flagged") === "true" ? "" : "true" })}
        size="sm"
        variant={address.get("flagged") === "true" ? "solid" : "outline"}
      >
        Needs attention
      </Button>
      <Button aria-expanded={isOpen} onClick={() => setAsked(!isOpen)} size="sm" variant="ghost">
        {isOpen ? "Fewer filters" : "More filters"}
      </Button>
      {isOpen ? (
        <HStack gap={2} width="full" wrap="wrap">
          <Choice
            all="started at any time"
            filter={filter}
            label="Started"
            name="since"
            options={Object.entries(periods).map(([name, { label }]) => [name, label])}
            value={address.get("since") ?? ""}
          />
          <TimeFilter address={address} filter={filter} label="Started from" name="from" />
          <TimeFilter address={address} filter={filter} label="Started before" name="to" />
          <Choice
            all="steps in any state"
            filter={filter}
            label="Step state"
            name="step"
            options={stepStates.map((state) => [state, `a step is ${words(state)}`])}
            value={address.get("step") ?? ""}
          />
          <LabelFilter add={addLabel} />
          <TextFilters address={address} filter={filter} />
        </HStack>
      ) : undefined}
    </HStack>
  );
};

type ChoiceProps = Pick<Props, "filter"> & {
  /** The label of the option without a filter. */
  readonly all: string;
  readonly label: string;
  readonly name: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly value: string;
};

const Choice = ({ all, filter, label, name, options, value }: ChoiceProps) => (
  <NativeSelect.Root size="sm" width={{ base: "full", md: "48" }}>
    <NativeSelect.Field
      aria-label={label}
      onChange={(event) => filter({ [name]: event.currentTarget.value })}
      value={options.some(([option]) => option === value) ? value : ""}
    >
      <option value="">{all}</option>
      {options.map(([option, shown]) => (
        <option key={option} value={option}>
          {shown}
        </option>
      ))}
    </NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);
