import { Button, HStack, Input, NativeSelect } from "@chakra-ui/react";
import { useEffect, useState } from "react";

import { periods } from "./workflowFilter";

type Props = {
  readonly address: URLSearchParams;
  readonly filter: (changes: Record<string, string>) => void;
  readonly isFixedDag: boolean;
};

/** What narrows the list: by what people type, and since when. */
export const FilterBar = ({ address, filter, isFixedDag }: Props) => (
  <HStack gap={2} mb={4} role="search" wrap="wrap">
    <TypedFilter address={address} filter={filter} label="Key or correlation id" name="search" />
    <TypedFilter address={address} filter={filter} label="Name of the workflow" name="name" />
    {isFixedDag ? undefined : <TypedFilter address={address} filter={filter} label="DAG that takes part" name="dag" />}
    <NativeSelect.Root size="sm" width="44">
      <NativeSelect.Field
        aria-label="Started"
        onChange={(event) => filter({ since: event.currentTarget.value })}
        value={address.get("since") ?? ""}
      >
        <option value="">at any time</option>
        {Object.entries(periods).map(([name, { label }]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </NativeSelect.Field>
      <NativeSelect.Indicator />
    </NativeSelect.Root>
    <Button
      aria-pressed={address.get("flagged") === "true"}
      onClick={() => filter({ flagged: address.get("flagged") === "true" ? "" : "true" })}
      size="sm"
      variant={address.get("flagged") === "true" ? "solid" : "outline"}
    >
      Needs attention
    </Button>
  </HStack>
);

type TypedProps = Omit<Props, "isFixedDag"> & { readonly label: string; readonly name: string };

const pauseMilliseconds = 300;

/** A filter that follows what is typed, a moment after the last key. */
const TypedFilter = ({ address, filter, label, name }: TypedProps) => {
  const applied = address.get(name) ?? "";
  const [typed, setTyped] = useState(applied);
  const [seen, setSeen] = useState(applied);
  if (seen !== applied) {
    // The address changed by itself: somebody went back, or cleared the filters.
    setSeen(applied);
    setTyped(applied);
  }

  useEffect(() => {
    if (typed.trim() === applied) {
      return;
    }
    const timer = setTimeout(() => filter({ [name]: typed.trim() }), pauseMilliseconds);
    return () => clearTimeout(timer);
  }, [applied, filter, name, typed]);

  return (
    <Input
      aria-label={label}
      maxLength={1000}
      onChange={(event) => setTyped(event.currentTarget.value)}
      placeholder={label}
      size="sm"
      type="search"
      value={typed}
      width={{ base: "full", md: "48" }}
    />
  );
};
