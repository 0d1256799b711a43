import { useCallback, useEffect, useRef, useState } from "react";

import { problemText, RefusedForGood } from "./problem";

/** A page that is left open shall not keep the server at work for more than a tenth of the time. */
const shareOfPause = 10;

export type Fresh<Value> = {
  /** When the newest answer came, in milliseconds since 1970; 0 before the first one. */
  at: number;
  /** Why the newest request failed; undefined when it did not. */
  error: string | undefined;
  /** Whether that request would always be refused: it is not made again by itself. */
  isRefusedForGood: boolean;
  /** The newest answer; undefined before the first one. Kept when a later request fails. */
  value: Value | undefined;
  /** Asks again at once. */
  refresh: () => void;
};

type Answer<Value> = Omit<Fresh<Value>, "refresh"> & { question: string; subject: string };

/** Whoever dispatches this on the window has everything that is shown asked for again at once. */
const refreshAll = "wfstate:refresh";

/** Has everything that is shown asked for again at once. */
export const refreshEverything = (): void => {
  window.dispatchEvent(new Event(refreshAll));
};

/**
 * Loads a value, and again every few seconds (later, when the answer took long) while the page can be seen.
 *
 * @param question names what is asked for: another question drops the answer and asks at once.
 * @param load asks the server.
 * @param seconds until it asks again; 5 by default.
 * @param subject names what the answer is about, the question itself by default: the last answer stays while another
 *   question about the same subject is asked.
 */
export const useFresh = <Value>(
  question: string,
  load: (signal: AbortSignal) => Promise<Value>,
  seconds = 5,
  subject = question,
): Fresh<Value> => {
  const [answer, setAnswer] = useState<Answer<Value>>();
  const [requests, setRequests] = useState(0);
  // The newest function is called, without a new one being a reason to ask.
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
        setAnswer({ at: Date.now(), error: undefined, isRefusedForGood: false, question, subject, value });
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

    // Asks at once when the page comes to the front again; a hidden page asks for nothing.
    const askAgain = () => void ask();
    document.addEventListener("visibilitychange", askAgain);
    window.addEventListener(refreshAll, askAgain);
    void ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", askAgain);
      window.removeEventListener(refreshAll, askAgain);
    };
  }, [question, requests, seconds, subject]);

  const refresh = useCallback(() => setRequests((count) => count + 1), []);
  const known = answer?.subject === subject ? answer : undefined;
  return {
    at: known?.at ?? 0,
    error: known?.question === question ? known.error : undefined,
    isRefusedForGood: known?.question === question && known.isRefusedForGood,
    refresh,
    value: known?.value,
  };
};
