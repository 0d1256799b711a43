import { useEffect, useRef } from "react";

/** Whether the user is typing in a field. */
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox]), select, textarea"));

/**
 * Calls a function when its key is pressed, except while someone is typing, with Ctrl, Alt or Cmd, and while a dialog or
 * menu is open.
 *
 * @param actions the functions, by the browser's name of the key.
 */
export const useKeys = (actions: Readonly<Record<string, () => void>>): void => {
  const newest = useRef(actions);
  useEffect(() => {
    newest.current = actions;
  });

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const act = Object.hasOwn(newest.current, event.key) ? newest.current[event.key] : undefined;
      const isTaken = event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target);
      if (act === undefined || isTaken || document.querySelector("[role=dialog], [role=menu]:not([hidden])") !== null) {
        return;
      }
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
};
