import { Button, HStack, Input, Text } from "@chakra-ui/react";
import { type FormEvent, useEffect, useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { defaultViews, maxNameLength, savedViews, saveViews, type View, withView } from "./views";
import { viewOf } from "./workflowFilter";

type Props = { readonly address: URLSearchParams };

/** Links to the default views and those saved in this browser, and a button that saves the current one. */
export const ViewsBar = ({ address }: Props) => {
  const [saved, setSaved] = useState(savedViews);
  useEffect(() => {
    // Another tab has saved or removed one.
    const follow = () => setSaved(savedViews());
    window.addEventListener("storage", follow);
    return () => window.removeEventListener("storage", follow);
  }, []);
  const [naming, setNaming] = useState(false);
  const shown = viewOf(address);
  const keep = (views: readonly View[]) => {
    setSaved(views);
    saveViews(views);
  };
  const isKnown = shown === "" || [...defaultViews, ...saved].some((view) => isShown(view, shown));

  return (
    <HStack aria-label="Views" as="nav" gap={2} mb={3} wrap="wrap">
      <ViewLink isShown={shown === ""} view={{ name: "All", search: "" }} />
      {defaultViews.map((view) => (
        <ViewLink isShown={isShown(view, shown)} key={view.name} view={view} />
      ))}
      {saved.map((view) => (
        <HStack gap={0} key={`saved ${view.name}`} maxWidth="full">
          <ViewLink isShown={isShown(view, shown)} view={view} />
          <Button
            aria-label={`Remove the view ${shownText(view.name)}`}
            onClick={() => keep(saved.filter((other) => other.name !== view.name))}
            px={1}
            size="xs"
            variant="ghost"
          >
            ×
          </Button>
        </HStack>
      ))}
      {naming ? (
        <NameForm
          close={() => setNaming(false)}
          save={(name) => {
            keep(withView(saved, name, address));
            setNaming(false);
          }}
        />
      ) : isKnown ? undefined : (
        <Button onClick={() => setNaming(true)} size="xs" variant="ghost">
          + Save this view
        </Button>
      )}
    </HStack>
  );
};

const isShown = (view: View, shown: string): boolean => viewOf(new URLSearchParams(view.search)) === shown;

const ViewLink = ({ isShown: isCurrent, view }: { readonly isShown: boolean; readonly view: View }) => (
  <Button asChild maxWidth="56" size="xs" variant={isCurrent ? "solid" : "outline"}>
    <RouterLink
      aria-current={isCurrent ? "page" : undefined}
      title={shownText(view.name)}
      to={{ search: view.search }}
    >
      <Text as="span" truncate>
        <StoredText text={view.name} />
      </Text>
    </RouterLink>
  </Button>
);

const NameForm = ({ close, save }: { readonly close: () => void; readonly save: (name: string) => void }) => {
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") {
      save(name.trim());
    }
  };

  return (
    <form onSubmit={submit}>
      <HStack gap={1}>
        <Input
          aria-label="View name"
          autoFocus
          maxLength={maxNameLength}
          onChange={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => (event.key === "Escape" ? close() : undefined)}
          placeholder="View name"
          size="xs"
          value={name}
          width="48"
        />
        <Button disabled={name.trim() === ""} size="xs" type="submit" variant="solid">
          Save
        </Button>
        <Button onClick={close} size="xs" variant="ghost">
          Cancel
        </Button>
      </HStack>
    </form>
  );
};
