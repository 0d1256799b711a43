import { Button } from "@chakra-ui/react";
import { useEffect, useState } from "react";

import { copyText } from "./copyText";
import { shownText } from "./shownText";

type Props = {
  /** Whether the button shows its label; by default it shows only an icon. */
  readonly isLabelled?: boolean;
  /** What the button does, such as "Copy the id". */
  readonly label: string;
  /** The text to copy, exactly as stored. */
  readonly text: string;
};

const shownMilliseconds = 2_000;

/** Copies a text, and says for two seconds whether that worked. */
export const CopyButton = ({ isLabelled = false, label, text }: Props) => {
  const [answer, setAnswer] = useState<"Copied" | "Not copied: the browser refused">();
  useEffect(() => {
    if (answer === undefined) {
      return;
    }
    const timer = setTimeout(() => setAnswer(undefined), shownMilliseconds);
    return () => clearTimeout(timer);
  }, [answer]);

  const copy = async () => {
    setAnswer((await copyText(text)) ? "Copied" : "Not copied: the browser refused");
  };

  return (
    <Button
      aria-label={answer ?? label}
      color="fg.muted"
      minWidth={isLabelled ? undefined : "5"}
      onClick={() => void copy()}
      px={isLabelled ? undefined : 0}
      size={isLabelled ? "sm" : "2xs"}
      title={answer ?? shownText(`${label}: ${text}`)}
      variant="ghost"
    >
      {answer === undefined ? <CopyIcon /> : <span aria-hidden="true">{answer === "Copied" ? "✓" : "✕"}</span>}
      {isLabelled ? (answer ?? label) : undefined}
    </Button>
  );
};

const CopyIcon = () => (
  <svg aria-hidden="true" fill="none" height="12" stroke="currentColor" strokeWidth="1.5" viewBox="0 0 16 16" width="12">
    <rect height="9" rx="1.5" width="9" x="5.5" y="5.5" />
    <path d="M10.5 3.5v-.5a1.5 1.5 0 0 0-1.5-1.5H3A1.5 1.5 0 0 0 1.5 3v6A1.5 1.5 0 0 0 3 10.5h.5" />
  </svg>
);
