import { useLayoutEffect, useRef, useState } from "react";

/** The current width of an element in pixels; 0 until it is known. */
export const useWidth = <Kind extends Element>() => {
  const ref = useRef<Kind>(null);
  const [width, setWidth] = useState(0);

  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) {
      return;
    }
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return { ref, width };
};
