/**
 * Puts a text on the clipboard. Browsers offer `navigator.clipboard` only over HTTPS and on localhost. Elsewhere, the
 * text is selected in a hidden field and copied.
 *
 * @returns whether it worked.
 */
export const copyText = async (text: string): Promise<boolean> => {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  // Append to an open dialog, which would otherwise take the focus back before the text is selected.
  (document.querySelector("[role=dialog]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy"); // deprecated, but the only way without HTTPS
  field.remove();
  if (before instanceof HTMLElement) {
    before.focus();
  }
  return done;
};
