import { Input, InputGroup } from "@chakra-ui/react";
import { useState } from "react";

import { useTyped } from "../address/useTyped";
import { localOf, momentOf, parsedMoment } from "../text/time";

type Props = {
  readonly address: URLSearchParams;
  readonly filter: (changes: Record<string, string>) => void;
  readonly label: string;
  readonly name: string;
};

/**
 * A time in the page's time zone. The address holds it in UTC, so that it means the same to everyone. While a part of it
 * is missing, the filter stays as it was.
 */
export const TimeFilter = ({ address, filter, label, name }: Props) => {
  const [isIncomplete, setIncomplete] = useState(false);
  const [typed, type] = useTyped({
    address,
    filter,
    name,
    textOf: localTextOf,
    valueOf: (text) => (text !== "" ? momentOf(text) : isIncomplete ? undefined : ""),
  });
  // The browser reports a time that lacks a part as empty.
  const look = ({ validity }: HTMLInputElement) => setIncomplete(validity.badInput);

  return (
    <InputGroup
      startElement={label.split(" ")[1]}
      startElementProps={{ "aria-hidden": true, fontSize: "xs" }}
      width={{ base: "full", md: "64" }}
    >
      <Input
        aria-invalid={isIncomplete}
        aria-label={label}
        max="9999-12-31T23:59"
        onBlur={(event) => look(event.currentTarget)}
        onChange={(event) => {
          look(event.currentTarget);
          type(event.currentTarget.value);
        }}
        ps="14"
        size="sm"
        title={isIncomplete ? "Complete the date and the time." : undefined}
        type="datetime-local"
        value={typed}
      />
    </InputGroup>
  );
};

const localTextOf = (value: string): string => {
  const moment = parsedMoment(value);
  return Number.isNaN(moment) ? "" : localOf(new Date(moment).toISOString());
};
