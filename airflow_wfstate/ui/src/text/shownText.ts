const shortEscapes: Readonly<Record<string, string>> = { "\r": "\\r", "\t": "\\t" };

/**
 * A stored text with control characters, invisible characters and those that change the text direction escaped. Same
 * rule as `shown_text` (domain/rules/characters.py). Line breaks and the joiners of Persian and emoji stay.
 */
export const shownText = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u2800\u3164\uFFA0]|[\u034F]|[\u17B4]|[\u17B5]/gu, (character) => {
    if (character === "\n" || character === "\u200C" || character === "\u200D") {
      return character;
    }
    const code = character.codePointAt(0) ?? 0;
    const digits = code.toString(16);

    return (
      shortEscapes[character] ??
      (code <= 0xff
        ? `\\x${digits.padStart(2, "0")}`
        : code <= 0xffff
          ? `\\u${digits.padStart(4, "0")}`
          : `\\U${digits.padStart(8, "0")}`)
    );
  });
