import { type RefObject, useEffect } from "react";
import { useLocation, useNavigationType } from "react-router-dom";

/** How far each entry of the browser's history was scrolled, in pixels, by the router's key. */
const kept = new Map<string, number>();
const keptAtMost = 100;

/** How long to wait, in milliseconds, for the content to be as high as it was. */
const patience = 10_000;

/** Scrolls an element to where it was when the reader comes back to an entry of the browser's history. */
export const useKeptScroll = (page: RefObject<HTMLElement | null>): void => {
  const { key } = useLocation();
  const isBack = useNavigationType() === "POP";

  useEffect(() => {
    const element = page.current;
    if (element === null) {
      return;
    }
    let wanted = isBack ? kept.get(key) : undefined;
    const settle = () => {
      wanted = undefined;
      observer.disconnect();
    };
    const restore = () => {
      if (wanted !== undefined && element.scrollHeight - element.clientHeight >= wanted) {
        element.scrollTo({ top: wanted });
        settle();
      }
    };
    const keep = () => {
      if (wanted === undefined) {
        kept.delete(key); // so that it becomes the newest in the map
        kept.set(key, element.scrollTop);
        for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - keptAtMost))) {
          kept.delete(oldest);
        }
      }
    };

    const observer = new MutationObserver(restore);
    observer.observe(element, { childList: true, subtree: true });
    const timer = setTimeout(settle, patience);
    element.addEventListener("scroll", keep);
    element.addEventListener("wheel", settle, { passive: true });
    element.addEventListener("keydown", settle);
    restore();
    return () => {
      settle();
      clearTimeout(timer);
      element.removeEventListener("scroll", keep);
      element.removeEventListener("wheel", settle);
      element.removeEventListener("keydown", settle);
    };
  }, [isBack, key, page]);
};
