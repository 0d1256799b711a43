import { CloseButton, Dialog, HStack, Kbd, Portal, Stack, Text } from "@chakra-ui/react";

/** The shortcuts and their descriptions. */
const keys: readonly (readonly [string, string])[] = [
  ["/", "Search"],
  ["j", "Next row"],
  ["k", "Previous row"],
  ["Enter", "Open the row"],
  ["r", "Refresh now"],
  ["?", "Show these shortcuts"],
];

/** Shows the keyboard shortcuts. */
export const KeysDialog = ({ close }: { readonly close: () => void }) => (
  <Dialog.Root onOpenChange={({ open }) => (open ? undefined : close())} open size="xs">
    <Portal>
      <Dialog.Backdrop />
      <Dialog.Positioner>
        <Dialog.Content data-wfstate="">
          <Dialog.Header>
            <Dialog.Title>Keyboard shortcuts</Dialog.Title>
          </Dialog.Header>
          <Dialog.Body>
            <Stack as="dl" gap={2}>
              {keys.map(([key, what]) => (
                <HStack key={key}>
                  <Text as="dt" width="16">
                    <Kbd>{key}</Kbd>
                  </Text>
                  <Text as="dd">{what}</Text>
                </HStack>
              ))}
            </Stack>
            <Text color="fg.muted" fontSize="sm" mt={3}>
              Shortcuts do not work while you type in a field.
            </Text>
          </Dialog.Body>
          <Dialog.CloseTrigger asChild>
            <CloseButton aria-label="Close" size="sm" />
          </Dialog.CloseTrigger>
        </Dialog.Content>
      </Dialog.Positioner>
    </Portal>
  </Dialog.Root>
);
