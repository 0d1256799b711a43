import { Input } from "@chakra-ui/react";
import { useEffect, useState } from "react";

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

const pauseMilliseconds = 300;

/** A filter that applies a moment after the last keystroke. */
export const TypedFilter = ({ address, describedBy, filter, label, least = 1, name }: Props) => {
  const applied = address.get(name) ?? "";
  const [typed, setTyped] = useState(applied);
  const [seen, setSeen] = useState(applied);
  if (seen !== applied) {
    // The address has changed: someone went back or cleared the filters.
    setSeen(applied);
    setTyped(applied);
  }

  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === applied || (wanted !== "" && wanted.length < least)) {
      return;
    }
    const timer = setTimeout(() => filter({ [name]: wanted }), pauseMilliseconds);
    return () => clearTimeout(timer);
  }, [applied, filter, least, name, typed]);

  return (
    <Input
      aria-describedby={describedBy}
      aria-label={label}
      maxLength={least === 1 ? 1000 : 200}
      onChange={(event) => setTyped(event.currentTarget.value)}
      placeholder={least === 1 ? label : `${label}…`}
      size="sm"
      title={least === 1 ? undefined : `At least ${least} characters`}
      type="search"
      value={typed}
      width={{ base: "full", md: "48" }}
    />
  );
};
