/** How to draw times without work: waits, the queue, and shortened idle time. */

export const hatched =
  "repeating-linear-gradient(135deg, rgba(255, 255, 255, 0.65) 0 3px, rgba(0, 0, 0, 0.25) 3px 6px)";

/** The look of a service that the workflow is waiting for and that has not reported yet. */
export const waitedLook = {
  backgroundImage:
    "repeating-linear-gradient(135deg, {colors.border.emphasized} 0 3px, transparent 3px 9px)",
} as const;

export const queuedLook = { bg: "bg.emphasized", borderColor: "border.emphasized", borderWidth: 1 } as const;

export const foldLook = {
  backgroundImage:
    "repeating-linear-gradient(135deg, {colors.border.emphasized} 0 1px, transparent 1px 5px)",
} as const;
