import { Button, HStack, Menu, Portal, Stack, Text } from "@chakra-ui/react";
import { useState } from "react";

import { type WorkflowAction, workflowActions } from "./action";
import { ActionDialog } from "./ActionDialog";
import { RefusableButton } from "./RefusableButton";
import type { AllowedActions } from "../server/model";
import { CopyButton } from "../text/CopyButton";

type Props = {
  readonly allowed: AllowedActions | undefined;
  readonly done: (outcome: string) => void;
  readonly workflowId: string;
};

/** Why the server would refuse an action; undefined when it would allow it. */
export const refusalOf = (allowed: AllowedActions | undefined, name: string): string | undefined =>
  allowed === undefined
    ? "Still checking whether this is allowed."
    : (allowed.actions.find((action) => action.action === name)?.refusal ?? undefined);

/** The buttons for the whole workflow, or a menu on a phone. A refused action says why. */
export const ActionButtons = ({ allowed, done, workflowId }: Props) => {
  const [open, setOpen] = useState<WorkflowAction>();

  return (
    <>
      <HStack hideBelow="sm" wrap="wrap">
        {workflowActions.map((action) => (
          <HStack aria-label={action.label} gap={0} key={action.name} role="group">
            <RefusableButton
              act={() => setOpen(action)}
              label={action.label}
              refusal={refusalOf(allowed, action.name)}
              size="sm"
            >
              {action.label}
            </RefusableButton>
            <CopyButton label="Copy as command" text={action.command(workflowId)} />
          </HStack>
        ))}
      </HStack>
      <ActionMenu allowed={allowed} choose={setOpen} />
      {open === undefined ? undefined : (
        <ActionDialog action={open} close={() => setOpen(undefined)} done={done} workflowId={workflowId} />
      )}
    </>
  );
};

type MenuProps = Pick<Props, "allowed"> & { readonly choose: (action: WorkflowAction) => void };

const ActionMenu = ({ allowed, choose }: MenuProps) => (
  <Menu.Root>
    <Menu.Trigger asChild>
      {/* Breakpoints hold on screens alone. */}
      <Button _print={{ display: "none" }} hideFrom="sm" size="sm" variant="outline">
        Actions <span aria-hidden="true">▾</span>
      </Button>
    </Menu.Trigger>
    <Portal>
      <Menu.Positioner>
        <Menu.Content maxWidth="calc(100vw - 2rem)">
          {workflowActions.map((action) => {
            const refusal = refusalOf(allowed, action.name);
            return (
              <Menu.Item
                disabled={refusal !== undefined}
                key={action.name}
                onClick={() => (refusal === undefined ? choose(action) : undefined)}
                value={action.name}
              >
                <Stack gap={0}>
                  <Text>{action.label}</Text>
                  {refusal === undefined ? undefined : (
                    <Text fontSize="xs" whiteSpace="normal">
                      {refusal}
                    </Text>
                  )}
                </Stack>
              </Menu.Item>
            );
          })}
        </Menu.Content>
      </Menu.Positioner>
    </Portal>
  </Menu.Root>
);
