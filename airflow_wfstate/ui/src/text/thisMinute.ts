/** When this minute began: what is asked for stays the same for a while, so that an unchanged answer need not be sent. */
export const thisMinute = (): number => Math.floor(Date.now() / 60_000) * 60_000;
