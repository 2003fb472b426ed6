// Keys that pages listen to, beside what is typed in fields and what belongs to the browser.
import { useEffect, useRef } from "preact/hooks";

/** What takes what is typed or pasted. */
export const TYPED =
  "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]";

/** Do something about keys while a part of a page is shown; what `press` answers with true is done with. */
export function useKeys(press: (key: string, event: KeyboardEvent) => boolean | void): void {
  const latest = useRef(press);
  // At once: a quick key after another must not meet what was shown before it.
  latest.current = press;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.matches(TYPED)) return;
      if (latest.current(event.key, event)) event.preventDefault();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
