// How tall the rows of tables are: kept by the browser, changed in the palette.
import { signal } from "@preact/signals";

const [ROOMY, DENSE, KEY] = [36, 28, "runyard-rows"];

/** The height of a row, in pixels. */
export const tall = signal(localStorage.getItem(KEY) === "dense" ? DENSE : ROOMY);
/** Have more rows on a page, or fewer and larger ones. */
export function pack(): void {
  tall.value = tall.value === DENSE ? ROOMY : DENSE;
  localStorage.setItem(KEY, tall.value === DENSE ? "dense" : "roomy");
}
