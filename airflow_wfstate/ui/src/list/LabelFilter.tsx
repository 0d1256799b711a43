import { Input, Text } from "@chakra-ui/react";
import { type FormEvent, useState } from "react";

import { isLabel } from "./workflowFilter";

/** A field for a label to filter by; Enter adds it to the filters. */
export const LabelFilter = ({ add }: { readonly add: (label: string) => void }) => {
  const [typed, setTyped] = useState("");
  const [isAsked, setAsked] = useState(false);
  const isWrong = typed !== "" && !isLabel(typed.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (isLabel(typed.trim())) {
      add(typed.trim());
      setTyped("");
    }
  };

  return (
    <form onSubmit={submit}>
      <Input
        aria-invalid={isWrong}
        aria-label="Label"
        maxLength={501}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setAsked(false);
        }}
        placeholder="Label: name=value, then Enter"
        size="sm"
        title={isWrong ? "Write the label as name=value." : undefined}
        value={typed}
        width={{ base: "full", md: "56" }}
      />
      {isWrong && isAsked ? (
        <Text fontSize="xs" role="alert">
          Write the label as name=value.
        </Text>
      ) : undefined}
    </form>
  );
};
