/** "1 task", "2 tasks": the number, and the noun as it goes with it. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
