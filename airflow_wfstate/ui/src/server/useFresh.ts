import { useCallback, useEffect, useRef, useState } from "react";

/** A page that is left open shall not keep the server at work for more than a tenth of the time. */
const shareOfPause = 10;

export type Fresh<Value> = {
  /** When the newest answer came, in milliseconds since 1970; 0 before the first one. */
  at: number;
  /** Why the newest request failed; undefined when it did not. */
  error: string | undefined;
  /** The newest answer; undefined before the first one. Kept when a later request fails. */
  value: Value | undefined;
};

/**
 * Loads a value, and again every few seconds (later, when the answer took long) while the page can be seen.
 *
 * @param question names what is asked for: another question drops the answer and asks at once.
 * @param load asks the server.
 * @param seconds until it asks again; 5 by default.
 * @returns the value, and a function that asks again at once.
 */
export const useFresh = <Value>(
  question: string,
  load: (signal: AbortSignal) => Promise<Value>,
  seconds = 5,
): Fresh<Value> & { refresh: () => void } => {
  const [answer, setAnswer] = useState<Fresh<Value> & { question: string }>();
  const [wishes, setWishes] = useState(0);
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
        setAnswer({ at: Date.now(), error: undefined, question, value });
      } catch (problem) {
        if (controller.signal.aborted) {
          return;
        }
        const error = problem instanceof Error ? problem.message : String(problem);
        setAnswer((last) =>
          last?.question === question ? { ...last, error } : { at: 0, error, question, value: undefined },
        );
      }
      asking = false;
      timer = setTimeout(() => void ask(), Math.max(1_000 * seconds, shareOfPause * (performance.now() - began)));
    };

    // Asks at once when the page comes to the front again; a hidden page asks for nothing.
    const onVisibility = () => void ask();
    document.addEventListener("visibilitychange", onVisibility);
    void ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisibility);
    };
  }, [question, seconds, wishes]);

  const refresh = useCallback(() => setWishes((count) => count + 1), []);
  const known = answer?.question === question ? answer : { at: 0, error: undefined, value: undefined };
  return { at: known.at, error: known.error, refresh, value: known.value };
};
