import { Button, CloseButton, Dialog, Field, Portal, Spinner, Textarea } from "@chakra-ui/react";
import { type ReactNode, useState } from "react";

import { ErrorNotice } from "../notices/Notices";
import { CopyButton } from "../text/CopyButton";
import { isUnknown, problemText } from "../server/problem";

type Props = {
  /** Shown first: what will happen. */
  readonly children: ReactNode;
  readonly close: () => void;
  /** Returns the shell command that does the same, for a reason; left out if there is no such command. */
  readonly command?: (reason: string) => string;
  /** Whether the user can give a reason; true by default. */
  readonly hasReason?: boolean;
  /** Why the button is disabled; undefined when it is enabled. */
  readonly refusal: string | undefined;
  /** Whether a reason is required. */
  readonly requiresReason?: boolean;
  /** Carries out the action. The dialog closes when it succeeds, and shows the error when it fails. */
  readonly send: (reason: string) => Promise<void>;
  readonly title: string;
  /** The label of the button that carries out the action. */
  readonly verb: string;
};

/**
 * Shows what will happen, asks for a reason, and carries it out.
 *
 * It stays open until the server has responded, so that a refusal is seen, and neither Escape nor a click beside it
 * discards a typed reason.
 */
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
    <Dialog.Root
      closeOnEscape={!busy && reason === ""}
      closeOnInteractOutside={!busy && reason === ""}
      onOpenChange={({ open }) => (open || busy ? undefined : close())}
      open
      scrollBehavior="inside"
      size="lg"
    >
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header>
              <Dialog.Title>{title}</Dialog.Title>
            </Dialog.Header>
            <Dialog.Body aria-label="What will happen" role="region" tabIndex={0}>
              {error === undefined ? undefined : <ErrorNotice error={error.text} stale title={error.title} />}
              {children}
              {hasReason && (refusal === undefined || reason !== "") ? (
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
              <Button disabled={busy} onClick={close} variant="outline">
                Close
              </Button>
              {/* Not disabled while it works: a disabled button loses the focus. */}
              <Button
                aria-busy={busy}
                colorPalette="brand"
                disabled={!busy && (refusal !== undefined || missing)}
                onClick={() => (busy ? undefined : void submit())}
              >
                {busy ? <Spinner size="xs" /> : undefined}
                {verb}
              </Button>
            </Dialog.Footer>
            <Dialog.CloseTrigger asChild>
              <CloseButton aria-label="Close" disabled={busy} size="sm" />
            </Dialog.CloseTrigger>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
};
