import { Input, InputGroup } from "@chakra-ui/react";

import { localOf, momentOf, parsedMoment } from "../text/time";

type Props = {
  readonly address: URLSearchParams;
  readonly filter: (changes: Record<string, string>) => void;
  readonly label: string;
  readonly name: string;
};

/** A time in the page's time zone. The address holds it in UTC, so that it means the same to everyone. */
export const TimeFilter = ({ address, filter, label, name }: Props) => {
  const moment = parsedMoment(address.get(name) ?? "");

  return (
    <InputGroup
      startElement={label.split(" ")[1]}
      startElementProps={{ "aria-hidden": true, fontSize: "xs" }}
      width={{ base: "full", md: "64" }}
    >
      <Input
        aria-label={label}
        onChange={(event) => filter({ [name]: momentOf(event.currentTarget.value) ?? "" })}
        ps="14"
        size="sm"
        type="datetime-local"
        value={Number.isNaN(moment) ? "" : localOf(new Date(moment).toISOString())}
      />
    </InputGroup>
  );
};
