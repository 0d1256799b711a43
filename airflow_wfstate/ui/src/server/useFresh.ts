import { useCallback, useEffect, useRef, useState } from "react";

import { present } from "../text/clock";
import { problemText, RefusedForGood } from "./problem";

/** A page that is left open may keep the server busy for at most a tenth of the time. */
const shareOfPause = 10;

export type Fresh<Value> = {
  /** When the newest response arrived, in milliseconds since 1970; 0 before the first one. */
  at: number;
  /** Why the newest request failed; undefined when it succeeded. */
  error: string | undefined;
  /** Whether that request would always be refused; then it is not retried automatically. */
  isRefusedForGood: boolean;
  /** The newest response; undefined before the first one. Kept when a later request fails. */
  value: Value | undefined;
  /** Requests it again at once. */
  refresh: () => void;
};

type Answer<Value> = Omit<Fresh<Value>, "refresh"> & { question: string; subject: string };

/** The name of a window event that refreshes everything on the page at once. */
const refreshAll = "wfstate:refresh";

/** Refreshes everything on the page at once. */
export const refreshEverything = (): void => {
  window.dispatchEvent(new Event(refreshAll));
};

/**
 * Loads a value, and reloads it every few seconds while the page is visible (less often if responses are slow).
 *
 * @param question identifies the request. A different question drops the response and loads at once.
 * @param load makes the request.
 * @param seconds how long to wait before the next request; 5 by default.
 * @param subject identifies what the response is about; the question itself by default. The last response stays while
 *   another question about the same subject is loading.
 */
export const useFresh = <Value>(
  question: string,
  load: (signal: AbortSignal) => Promise<Value>,
  seconds = 5,
  subject = question,
): Fresh<Value> => {
  const [answer, setAnswer] = useState<Answer<Value>>();
  const [requests, setRequests] = useState(0);
  const refresh = useCallback(() => setRequests((count) => count + 1), []);
  // Always call the newest function, but do not reload because it is a new one.
  const newest = useRef(load);
  useEffect(() => {
    newest.current = load;
  });

  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;

    const ask = async () => {
      clearTimeout(timer);
      if (asking || document.hidden) {
        return;
      }
      asking = true;
      const began = performance.now();
      try {
        const value = await newest.current(controller.signal);
        if (controller.signal.aborted) {
          return;
        }
        setAnswer({ at: present(), error: undefined, isRefusedForGood: false, question, subject, value });
      } catch (problem) {
        if (controller.signal.aborted) {
          return;
        }
        const error = problemText(problem);
        const isRefusedForGood = problem instanceof RefusedForGood;
        setAnswer((last) =>
          last?.subject === subject
            ? { ...last, error, isRefusedForGood, question }
            : { at: 0, error, isRefusedForGood, question, subject, value: undefined },
        );
        if (isRefusedForGood) {
          asking = false;
          return;
        }
      }
      asking = false;
      timer = setTimeout(() => void ask(), Math.max(1_000 * seconds, shareOfPause * (performance.now() - began)));
    };

    // Reload at once when the page becomes visible again; a hidden page requests nothing.
    const askAgain = () => void ask();
    document.addEventListener("visibilitychange", askAgain);
    window.addEventListener(refreshAll, refresh);
    void ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", askAgain);
      window.removeEventListener(refreshAll, refresh);
    };
  }, [question, refresh, requests, seconds, subject]);

  const known = answer?.subject === subject ? answer : undefined;
  return {
    at: known?.at ?? 0,
    error: known?.question === question ? known.error : undefined,
    isRefusedForGood: known?.question === question && known.isRefusedForGood,
    refresh,
    value: known?.value,
  };
};
