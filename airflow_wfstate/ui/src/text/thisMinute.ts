/** The start of the current minute. Requests stay the same for a while, so that unchanged responses are not resent. */
export const thisMinute = (): number => Math.floor(Date.now() / 60_000) * 60_000;
