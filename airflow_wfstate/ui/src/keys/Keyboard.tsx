import { Button } from "@chakra-ui/react";
import { type RefObject, useState } from "react";

import { refreshEverything } from "../server/useFresh";
import { KeysDialog } from "./KeysDialog";
import { focusSearch, moveFocus } from "./rows";
import { useKeys } from "./useKeys";

/** The page's keyboard shortcuts, and the button that shows them. */
export const Keyboard = ({ page }: { readonly page: RefObject<HTMLElement | null> }) => {
  const [isOpen, setOpen] = useState(false);
  const onPage = (act: (element: HTMLElement) => void) => () =>
    page.current === null ? undefined : act(page.current);
  useKeys({
    "/": onPage(focusSearch),
    "?": () => setOpen(true),
    j: onPage((element) => moveFocus(element, 1)),
    k: onPage((element) => moveFocus(element, -1)),
    r: refreshEverything,
  });

  return (
    <>
      <Button aria-label="Keyboard shortcuts" onClick={() => setOpen(true)} size="2xs" title="Keyboard shortcuts (?)" variant="outline">
        ?
      </Button>
      {isOpen ? <KeysDialog close={() => setOpen(false)} /> : undefined}
    </>
  );
};
