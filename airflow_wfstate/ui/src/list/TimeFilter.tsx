import { Input, InputGroup } from "@chakra-ui/react";

import { useTyped } from "../address/useTyped";
import { localOf, momentOf, parsedMoment } from "../text/time";

type Props = {
  readonly address: URLSearchParams;
  readonly filter: (changes: Record<string, string>) => void;
  readonly label: string;
  readonly name: string;
};

/** A time in the page's time zone. The address holds it in UTC, so that it means the same to everyone. */
export const TimeFilter = ({ address, filter, label, name }: Props) => {
  const [typed, type] = useTyped({
    address,
    filter,
    name,
    textOf: localTextOf,
    valueOf: (text) => (text === "" ? "" : momentOf(text)),
  });

  return (
    <InputGroup
      startElement={label.split(" ")[1]}
      startElementProps={{ "aria-hidden": true, fontSize: "xs" }}
      width={{ base: "full", md: "64" }}
    >
      <Input
        aria-label={label}
        onChange={(event) => type(event.currentTarget.value)}
        ps="14"
        size="sm"
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
