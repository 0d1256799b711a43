import { useEffect } from "react";

import { type WorkflowSummary, words } from "../server/model";
import { shownText } from "../text/shownText";

/** Of the browser's tab: what tells workflows apart comes first, since tabs are narrow. */
export const titleOf = ({ key, name, state }: Pick<WorkflowSummary, "key" | "name" | "state">): string =>
  `${shownText(key)}: ${words(state)} (${shownText(name)})`;

/** Gives the browser's tab a title, and the one before back at the end. Undefined: it stays as it is. */
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
