// Asking the service: by the rows of its table of routes, with the types that the protocol has.
import { signal } from "@preact/signals";
import { routes, type Routes } from "./protocol";

/** What the service refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** The service did not answer at all. */
export class Unreachable extends Error {}

/** Whether the service answers, and whether it knows who asks. */
export const reachable = signal(true);
export const signedIn = signal(true);

type Query = Record<string, string | number | boolean | string[] | null | undefined>;

export interface Asked<N extends keyof Routes> {
  query?: Routes[N]["query"];
  body?: Routes[N]["body"];
  signal?: AbortSignal;
}

/** The address of a row, for links, images and `EventSource`. */
export function url<N extends keyof Routes>(
  name: N,
  segments: Routes[N]["segments"],
  query: Query = {},
): string {
  const filled = routes[name].path.replace(
    /\{(\w+)(:path)?\}/g,
    (_, key: string, rest?: string) => {
      const value = (segments as Record<string, string>)[key] ?? "";
      return rest ? value.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);
    },
  );
  const given = Object.entries(query).flatMap(([key, value]) =>
    // A list is its name again and again.
    (Array.isArray(value) ? value : value == null ? [] : [value]).map((one) => [key, String(one)]),
  );
  const text = new URLSearchParams(given).toString();
  return filled + (text && `?${text}`);
}

/** Ask the service; raises `Refused` with its reason, or `Unreachable`. */
export async function call<N extends keyof Routes>(
  name: N,
  segments: Routes[N]["segments"],
  { query, body, signal: abort }: Asked<N> = {},
): Promise<Routes[N]["answer"]> {
  const raw = typeof body === "string" || (body as unknown) instanceof Blob;
  const given: RequestInit = { method: routes[name].method, credentials: "same-origin" };
  if (abort) given.signal = abort;
  if (body !== undefined) {
    given.body = raw ? (body as unknown as BodyInit) : JSON.stringify(body);
    given.headers = { "Content-Type": raw ? "application/octet-stream" : "application/json" };
  }
  const answer = await ask(url(name, segments, query as Query), given);
  if (answer.status === 204) return undefined as Routes[N]["answer"];
  const kind = answer.headers.get("Content-Type") ?? "";
  return (
    kind.startsWith("application/json") ? await answer.json() : answer
  ) as Routes[N]["answer"];
}

/** A request whose refusals are errors with the service's words. */
export async function ask(address: string, given: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, given);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    reachable.value = false;
    throw new Unreachable("The service does not answer. `runyard studio` starts it.");
  }
  reachable.value = true;
  if (answer.ok) return answer;
  if (answer.status === 401) signedIn.value = false;
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<Refused> {
  try {
    const { error } = await answer.json();
    return new Refused(answer.status, error.code, error.message, error.details);
  } catch {
    return new Refused(answer.status, "Unknown", `The service answered ${answer.status}.`);
  }
}

/** Give the service a token or the code of a one-time link, and get the cookie. */
export async function enter(given: { code: string } | { token: string }): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  await ask("/enter", { method: "POST", headers, body: JSON.stringify(given) });
  signedIn.value = true;
  localStorage.setItem(RENEWED, String(Date.now()));
}

/** Make the session of this browser go on; tells as well whether it is signed in at all. */
export async function renew(): Promise<void> {
  await ask("/renew", { method: "POST" });
  signedIn.value = true;
  localStorage.setItem(RENEWED, String(Date.now()));
}

const RENEWED = "runyard-renewed";
const RENEW_MS = 3_600_000;
const LOOK_MS = 60_000;

/** Keep a browser signed in while a page is open and looked at, in whichever tab. */
export function renewing(): () => void {
  const look = () => {
    if (document.hidden || !signedIn.peek() || location.pathname === "/enter") return;
    const since = Date.now() - Number(localStorage.getItem(RENEWED));
    if (since > RENEW_MS || since < 0) renew().catch(() => {});
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

type Page<T> = { items: T[]; next_page_token?: string | null };
/** The rows that answer with lists. */
export type Listed = {
  [N in keyof Routes]: Routes[N]["answer"] extends Page<unknown> ? N : never;
}[keyof Routes];
export type Item<N extends Listed> = Routes[N]["answer"] extends Page<infer T> ? T : never;

/** The entries of all pages of a list, as far as `most`. */
export async function list<N extends Listed>(
  name: N,
  segments: Routes[N]["segments"],
  { query, body, signal: abort }: Asked<N> = {},
  most = 10_000,
): Promise<Item<N>[]> {
  const found: Item<N>[] = [];
  let page_token: string | null | undefined;
  do {
    const more = page_token ? { page_token } : {};
    const asked = body
      ? { body: { ...(body as object), ...more } }
      : { query: { ...query, ...more } };
    const given = (abort ? { ...asked, signal: abort } : asked) as Asked<N>;
    const page = (await call(name, segments, given)) as Page<Item<N>>;
    found.push(...page.items);
    page_token = page.next_page_token;
  } while (page_token && found.length < most);
  return found;
}
