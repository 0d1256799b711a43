/** "1 task", "2 tasks": a number with its noun. The plural ends in s unless given. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`;
