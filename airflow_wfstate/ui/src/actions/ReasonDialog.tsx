import { Button, CloseButton, Dialog, Field, Portal, Textarea } from "@chakra-ui/react";
import { type ReactNode, useState } from "react";

import { ErrorNotice } from "../notices/Notices";
import { CopyButton } from "../text/CopyButton";
import { isUnknown, problemText } from "../server/problem";

type Props = {
  /** What is shown first: what will happen. */
  readonly children: ReactNode;
  readonly close: () => void;
  /** The line of a shell that does the same, with a reason; left out where there is none. */
  readonly command?: (reason: string) => string;
  /** Whether a reason can be given; by default it can. */
  readonly hasReason?: boolean;
  /** Why the button is disabled; undefined when it is not. */
  readonly refusal: string | undefined;
  /** Whether a reason must be given. */
  readonly requiresReason?: boolean;
  /** Does it; the dialog closes when it has been done, and shows why when it has not. */
  readonly send: (reason: string) => Promise<void>;
  readonly title: string;
  /** What the button that does it is called. */
  readonly verb: string;
};

/** Shows what will happen, asks why it shall, and does it. */
export const ReasonDialog = ({ children, close, command, hasReason = true, refusal, requiresReason = false, send, title, verb }: Props) => {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<{ readonly text: string; readonly title: string }>();
  const missing = requiresReason && reason.trim() === "";

  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await send(reason.trim());
      close();
    } catch (problem) {
      setError(
        isUnknown(problem)
          ? {
              text: `${problemText(problem)} Check the workflow before you try again.`,
              title: "It is not known whether this was done",
            }
          : { text: problemText(problem), title: "This was not done" },
      );
      setBusy(false);
    }
  };

  return (
    <Dialog.Root onOpenChange={({ open }) => (open ? undefined : close())} open scrollBehavior="inside" size="lg">
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header>
              <Dialog.Title>{title}</Dialog.Title>
            </Dialog.Header>
            <Dialog.Body tabIndex={0}>
              {error === undefined ? undefined : <ErrorNotice error={error.text} stale title={error.title} />}
              {children}
              {refusal === undefined && hasReason ? (
                <Field.Root mt={2} required={requiresReason}>
                  <Field.Label>{requiresReason ? "Reason" : "Reason (for the journal)"}</Field.Label>
                  <Textarea
                    maxLength={1000}
                    onChange={(event) => setReason(event.currentTarget.value)}
                    rows={2}
                    value={reason}
                  />
                </Field.Root>
              ) : undefined}
            </Dialog.Body>
            <Dialog.Footer flexWrap="wrap">
              {command === undefined || refusal !== undefined ? undefined : (
                <CopyButton isLabelled label="Copy as command" text={command(reason.trim())} />
              )}
              <Button onClick={close} variant="outline">
                Close
              </Button>
              <Button
                colorPalette="brand"
                disabled={refusal !== undefined || missing}
                loading={busy}
                onClick={() => void submit()}
              >
                {verb}
              </Button>
            </Dialog.Footer>
            <Dialog.CloseTrigger asChild>
              <CloseButton aria-label="Close" size="sm" />
            </Dialog.CloseTrigger>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
};
