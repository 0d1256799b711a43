import { Input } from "@chakra-ui/react";
import { useEffect, useState } from "react";

type Props = {
  readonly address: URLSearchParams;
  /** The id of the element that says more about it; undefined for none. */
  readonly describedBy?: string | undefined;
  readonly filter: (changes: Record<string, string>) => void;
  readonly label: string;
  /** Characters from which on it filters; 1 by default. */
  readonly least?: number;
  readonly name: string;
};

const pauseMilliseconds = 300;

/** A filter that follows what is typed, a moment after the last key. */
export const TypedFilter = ({ address, describedBy, filter, label, least = 1, name }: Props) => {
  const applied = address.get(name) ?? "";
  const [typed, setTyped] = useState(applied);
  const [seen, setSeen] = useState(applied);
  if (seen !== applied) {
    // The address changed by itself: somebody went back, or cleared the filters.
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
