import { useEffect, useState } from "react";

import { currentQuery } from "./useAddress";

const pauseMilliseconds = 300;

type Parameter = {
  readonly address: URLSearchParams;
  /** Sets parameters in the address. */
  readonly filter: (changes: Record<string, string>) => void;
  readonly name: string;
  /** The text of the field for a value of the parameter. */
  readonly textOf: (value: string) => string;
  /** The value for the text of the field; undefined while that is incomplete. */
  readonly valueOf: (text: string) => string | undefined;
};

/**
 * The text of a field that sets a parameter of the address a moment after the last keystroke, and how to change it.
 *
 * When the parameter changes otherwise (someone went back, or cleared the filters), the field follows. When the value
 * that it asked for is rendered only after the next keystroke, the keystroke stays.
 */
export const useTyped = ({
  address,
  filter,
  name,
  textOf,
  valueOf,
}: Parameter): readonly [text: string, type: (text: string) => void] => {
  const applied = address.get(name) ?? "";
  const [text, setText] = useState(textOf(applied));
  const [seen, setSeen] = useState(address);
  const [asked, setAsked] = useState<string>();
  if (seen !== address) {
    setSeen(address);
    const isOurs = asked !== undefined && asked === (currentQuery().get(name) ?? "");
    if (!isOurs && (asked !== undefined || applied !== (seen.get(name) ?? ""))) {
      setText(textOf(applied));
    }
    if (!isOurs || asked === applied) {
      setAsked(undefined);
    }
  }

  const last = asked ?? applied;
  const wanted = text === textOf(last) ? last : valueOf(text);
  useEffect(() => {
    if (wanted === undefined || wanted === last) {
      return;
    }
    const timer = setTimeout(() => {
      setAsked(wanted);
      filter({ [name]: wanted });
    }, pauseMilliseconds);
    return () => clearTimeout(timer);
  }, [filter, last, name, text, wanted]);

  return [text, setText];
};
