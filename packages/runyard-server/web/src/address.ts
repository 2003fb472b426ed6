// The address is the state: which page, and in its query all that a page was set to show.
import { computed, signal } from "@preact/signals";

interface Place {
  path: string;
  query: URLSearchParams;
  hash: string;
}

function read(): Place {
  const { pathname, search, hash } = window.location;
  return { path: pathname, query: new URLSearchParams(search), hash: hash.slice(1) };
}

/** Where the browser is. */
export const place = signal<Place>(read());
export const path = computed(() => place.value.path);

window.addEventListener("popstate", () => {
  place.value = read();
});

/** Go to an address of the studio; `replace` leaves no step to come back to. */
export function go(to: string, replace = false): void {
  const target = new URL(to, window.location.href);
  if (target.origin !== window.location.origin) return;
  const whole = target.pathname + target.search + target.hash;
  if (replace) window.history.replaceState(null, "", whole);
  else window.history.pushState(null, "", whole);
  const other = target.pathname !== place.peek().path;
  place.value = read();
  if (other && !replace) window.scrollTo(0, 0);
}

/** What the address's query says under a name, or what holds without. */
export function param(name: string, otherwise = ""): string {
  return place.value.query.get(name) ?? otherwise;
}

/**
 * Change the query. `undefined` and "" take a name out. What is dragged or typed replaces the entry of
 * the history; what one may want to come back from is pushed.
 */
export function setParams(changes: Record<string, string | undefined>, push = false): void {
  const query = new URLSearchParams(place.peek().query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  const hash = place.peek().hash;
  go(place.peek().path + (text && `?${text}`) + (hash && `#${hash}`), !push);
}

/** An address of the studio from its segments and query. */
export function to(segments: string[], query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  const text = new URLSearchParams(given).toString();
  return `/${segments.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

// Every link of ours is followed without loading the page anew; with a modifier the browser decides.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a[href]");
  if (!link || link.hasAttribute("target") || link.hasAttribute("download")) return;
  // By its attribute: the links of a drawing have no addresses of their own.
  const target = new URL(link.getAttribute("href") ?? "", location.href);
  if (target.origin !== location.origin) return;
  // The service's own answers are no pages of the studio.
  if (/^\/(api|raw|tensorboard|assets)\//.test(target.pathname)) return;
  event.preventDefault();
  go(target.href);
});
