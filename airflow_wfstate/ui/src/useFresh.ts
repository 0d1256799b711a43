import { useEffect, useState } from "react";

const refreshMilliseconds = 5_000;

export type Fresh<Value> = {
  /** The newest answer; undefined before the first one. Kept when a later request fails. */
  value: Value | undefined;
  /** Why the newest request failed; undefined when it did not. */
  error: string | undefined;
};

/**
 * Loads a value, and again every 5 seconds while the page can be seen.
 *
 * @param question names what is asked for: another question drops the answer and asks at once.
 * @param load asks the server.
 */
export const useFresh = <Value>(question: string, load: (signal: AbortSignal) => Promise<Value>): Fresh<Value> => {
  const [answer, setAnswer] = useState<Fresh<Value> & { question: string }>();

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
      try {
        const value = await load(controller.signal);
        setAnswer({ error: undefined, question, value });
      } catch (problem) {
        if (controller.signal.aborted) {
          return;
        }
        const error = problem instanceof Error ? problem.message : String(problem);
        setAnswer((last) => ({ error, question, value: last?.question === question ? last.value : undefined }));
      }
      asking = false;
      timer = setTimeout(() => void ask(), refreshMilliseconds);
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
    // `load` is a new function at each rendering; `question` says whether it asks for something else.
  }, [question]);

  return answer?.question === question ? answer : { error: undefined, value: undefined };
};
