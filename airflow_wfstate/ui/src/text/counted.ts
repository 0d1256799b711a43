/** "1 task", "2 tasks": the number, and the noun as it goes with it; its plural ends in s unless it is given. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`;
