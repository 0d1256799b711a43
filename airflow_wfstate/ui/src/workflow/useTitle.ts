import { useEffect } from "react";

import { type WorkflowSummary, words } from "../server/model";
import { shownText } from "../text/shownText";

/** The title of the browser's tab. What tells workflows apart comes first, because tabs are narrow. */
export const titleOf = ({ key, name, state }: Pick<WorkflowSummary, "key" | "name" | "state">): string =>
  `${shownText(key)}: ${words(state)} (${shownText(name)})`;

/** Sets the title of the browser's tab, and restores the previous one at the end. Undefined leaves it as it is. */
export const useTitle = (title: string | undefined): void => {
  useEffect(() => {
    if (title === undefined) {
      return;
    }
    const before = document.title;
    document.title = title;
    return () => {
      document.title = before;
    };
  }, [title]);
};
