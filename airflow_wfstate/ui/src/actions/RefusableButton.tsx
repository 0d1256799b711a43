import { Button, type ButtonProps } from "@chakra-ui/react";

type Props = Omit<ButtonProps, "aria-label" | "onClick" | "title"> & {
  readonly act: () => void;
  /** What it does, to a screen reader. */
  readonly label: string;
  /** Why it would be refused; undefined when it would not. */
  readonly refusal: string | undefined;
};

/**
 * A button that is pale where the server would refuse it, and says why on hover and to a screen reader. It is never
 * `disabled`: who uses a keyboard shall reach it, and hear why it is of no use.
 */
export const RefusableButton = ({ act, label, refusal, ...props }: Props) => (
  <Button
    aria-disabled={refusal !== undefined}
    aria-label={refusal === undefined ? label : `${label}. ${refusal}`}
    color={refusal === undefined ? undefined : "fg.muted"}
    cursor={refusal === undefined ? "button" : "not-allowed"}
    onClick={() => (refusal === undefined ? act() : undefined)}
    title={refusal}
    variant={refusal === undefined ? "outline" : "ghost"}
    {...props}
  />
);
