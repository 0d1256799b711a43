import { Input } from "@chakra-ui/react";

import { useTyped } from "../address/useTyped";

type Props = {
  readonly address: URLSearchParams;
  /** The id of the element that describes it; undefined for none. */
  readonly describedBy?: string | undefined;
  readonly filter: (changes: Record<string, string>) => void;
  readonly label: string;
  /** The least number of characters to filter by; 1 by default. */
  readonly least?: number;
  readonly name: string;
};

/** A filter that applies a moment after the last keystroke. */
export const TypedFilter = ({ address, describedBy, filter, label, least = 1, name }: Props) => {
  const [typed, type] = useTyped({
    address,
    filter,
    name,
    textOf: (value) => value,
    valueOf: (text) => (text.trim() !== "" && text.trim().length < least ? undefined : text.trim()),
  });

  return (
    <Input
      aria-describedby={describedBy}
      aria-label={label}
      maxLength={least === 1 ? 1000 : 200}
      onChange={(event) => type(event.currentTarget.value)}
      placeholder={least === 1 ? label : `${label}…`}
      size="sm"
      title={least === 1 ? undefined : `At least ${least} characters`}
      type="search"
      value={typed}
      width={{ base: "full", md: "48" }}
    />
  );
};
