import { Alert, Center, Spinner, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

/** Why the newest request failed. What was loaded before stays on the page. */
export const ErrorNotice = ({ error, stale }: { readonly error: string; readonly stale: boolean }) => (
  <Alert.Root mb={4} role="alert" status="error">
    <Alert.Indicator />
    <Alert.Content>
      <Alert.Title>{stale ? "This page could not be brought up to date" : "This page could not be loaded"}</Alert.Title>
      <Alert.Description>{error}</Alert.Description>
    </Alert.Content>
  </Alert.Root>
);

/** What a button did. */
export const OutcomeNotice = ({ children }: { readonly children: string }) => (
  <Alert.Root mb={4} role="status" status="info">
    <Alert.Indicator />
    <Alert.Content>
      <Alert.Description>{children}</Alert.Description>
    </Alert.Content>
  </Alert.Root>
);

export const Loading = () => (
  <Center py={16}>
    <Spinner aria-label="Loading" role="status" />
  </Center>
);

/** What there is instead of something empty, and what to do about it. */
export const Nothing = ({ children }: { readonly children: ReactNode }) => (
  <Text color="fg.muted" py={8} textAlign="center">
    {children}
  </Text>
);
