/**
 * Puts a text on the clipboard. Browsers offer `navigator.clipboard` to pages by HTTPS and on localhost alone; elsewhere
 * a hidden field is selected and copied.
 *
 * @returns whether the browser did it.
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
  // Inside an open dialog: outside it, the dialog would take the focus back before anything is selected.
  (document.querySelector("[role=dialog]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy"); // deprecated, and the only way there is without HTTPS
  field.remove();
  if (before instanceof HTMLElement) {
    before.focus();
  }
  return done;
};
