import { Alert, Button, CloseButton, Skeleton, Stack, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

import type { Fresh } from "../server/useFresh";
import { timeText } from "../text/time";

type ErrorProps = {
  /** When the shown data was loaded, in milliseconds since 1970; left out if nothing is shown or the time is unknown. */
  readonly at?: number;
  readonly error: string;
  /** Retries at once; left out if there is nothing to retry. */
  readonly retry?: () => void;
  /** Whether older data stays on the page. */
  readonly stale: boolean;
  /** What failed; by default, that the page could not be loaded or refreshed. */
  readonly title?: string;
};

/** Says why the newest request failed. Older data stays on the page, with the time it was loaded. */
export const ErrorNotice = ({ at = 0, error, retry, stale, title }: ErrorProps) => {
  const again = retry === undefined ? "" : ", retrying";
  const what = stale
    ? at === 0
      ? `This page could not be refreshed${again}`
      : `As of ${timeText(new Date(at)).slice(11)}${again}`
    : `This page could not be loaded${again}`;

  return (
    <Alert.Root mb={4} role="alert" status="error">
      <Alert.Indicator />
      <Alert.Content>
        <Alert.Title>{title ?? what}</Alert.Title>
        <Alert.Description overflowWrap="anywhere">{error}</Alert.Description>
      </Alert.Content>
      {retry === undefined ? undefined : (
        <Button flexShrink={0} onClick={retry} size="xs" variant="outline">
          Retry now
        </Button>
      )}
    </Alert.Root>
  );
};

type FreshnessProps = {
  readonly fresh: Fresh<unknown>;
  /** Whether it belongs to a page that itself reports failed requests; then one line is enough. */
  readonly isPart?: boolean;
  /** Lines of the skeleton; 5 by default. */
  readonly lines?: number;
};

/** Shown above loaded data: that it is loading, or why the newest request failed. */
export const Freshness = ({ fresh, isPart = false, lines }: FreshnessProps) => {
  const { at, error, isRefusedForGood, refresh, value } = fresh;
  if (error !== undefined && isPart && value !== undefined) {
    return (
      <Text color="fg.muted" fontSize="xs" mb={1}>
        {`As of ${timeText(new Date(at)).slice(11)}. ${error}`}
      </Text>
    );
  }
  if (error !== undefined) {
    return (
      <ErrorNotice
        at={at}
        error={error}
        stale={value !== undefined}
        {...(isRefusedForGood ? {} : { retry: refresh })}
      />
    );
  }
  return value === undefined ? <Loading {...(lines === undefined ? {} : { lines })} /> : undefined;
};

type OutcomeProps = { readonly children: string; readonly dismiss: () => void };

/** Says what a button did. */
export const OutcomeNotice = ({ children, dismiss }: OutcomeProps) => (
  <Alert.Root mb={4} role="status" status="info">
    <Alert.Indicator />
    <Alert.Content>
      <Alert.Description overflowWrap="anywhere">{children}</Alert.Description>
    </Alert.Content>
    <CloseButton aria-label="Dismiss" onClick={dismiss} size="xs" />
  </Alert.Root>
);

/** A placeholder about as high as the content to come, so that the page does not jump. */
export const Loading = ({ lines = 5 }: { readonly lines?: number }) => (
  <Stack aria-label="Loading" gap={3} py={2} role="status">
    {Array.from({ length: lines }, (_, index) => (
      <Skeleton height="6" key={index} width={index === 0 ? "40%" : "full"} />
    ))}
  </Stack>
);

/** An empty state: why there is nothing, and what to do about it. */
export const Nothing = ({ children }: { readonly children: ReactNode }) => (
  <Text as="div" color="fg.muted" py={8} textAlign="center">
    {children}
  </Text>
);
