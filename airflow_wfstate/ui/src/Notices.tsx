import { Alert, Center, Spinner, Text } from "@chakra-ui/react";

/** Why the newest request failed. What was loaded before stays on the page. */
export const ErrorNotice = ({ error, stale }: { readonly error: string; readonly stale: boolean }) => (
  <Alert.Root mb={4} status="error">
    <Alert.Indicator />
    <Alert.Content>
      <Alert.Title>{stale ? "This page could not be brought up to date" : "This page could not be loaded"}</Alert.Title>
      <Alert.Description>{error}</Alert.Description>
    </Alert.Content>
  </Alert.Root>
);

export const Loading = () => (
  <Center py={16}>
    <Spinner aria-label="Loading" />
  </Center>
);

export const Nothing = ({ children }: { readonly children: string }) => (
  <Text color="fg.muted" py={8} textAlign="center">
    {children}
  </Text>
);
