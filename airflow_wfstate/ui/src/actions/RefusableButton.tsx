import { Button, type ButtonProps } from "@chakra-ui/react";

type Props = Omit<ButtonProps, "aria-label" | "onClick" | "title"> & {
  readonly act: () => void;
  /** What it does, for screen readers. */
  readonly label: string;
  /** Why the server would refuse it; undefined when it would allow it. */
  readonly refusal: string | undefined;
};

/**
 * A button that looks pale if the server would refuse the action, and explains why on hover and to screen readers. It is
 * never `disabled`, so that keyboard users can reach it and learn why it does nothing.
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
