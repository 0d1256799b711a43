import { useLayoutEffect, useRef, useState } from "react";

/** The width of an element in pixels, as it is now; 0 before it is known. */
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
