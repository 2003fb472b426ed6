// One stream for a browser: the tab that holds a lock reads it and passes on what comes to the others.
// Browsers open six connections to one HTTP/1.1 host: with a stream in each, the seventh tab hangs.
import { useEffect, useRef } from "preact/hooks";
import { reachable, renew, url } from "./api";
import type { Hint } from "./protocol";

type Listener = (hint: Hint) => unknown;
type Message =
  | { kind: "hint"; workspace: string; hint: Hint }
  | { kind: "topics"; tab: string; topics: string[] }
  | { kind: "reachable"; is: boolean }
  | { kind: "who" };

const GATHER_MS = 100;
const LONGEST_WAIT_MS = 30_000;
// Timers of hidden tabs come once a minute.
const TICK_MS = 30_000;
const ASLEEP_MS = 180_000;
const tab = crypto.getRandomValues(new Uint32Array(2)).join("-");
// Without locks (plain http from another machine) each tab has a stream of its own, and no others.
const channel = navigator.locks ? new BroadcastChannel("runyard-stream") : undefined;
const post = (message: Message) => channel?.postMessage(message);
const listeners = new Map<string, Set<Listener>>();
/** Topics of each tab, as `workspace topic`; only the tab that leads needs them. */
const wanted = new Map<string, string[]>();
const streams = new Map<string, Stream>();
let leads = false;

/** The stream of one workspace, opened again with where it was when it breaks or topics change. */
class Stream {
  private source: EventSource | undefined;
  private after = "";
  private wait = 1000;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private topics = "";
  private known = new Set<string>();

  constructor(private readonly workspace: string) {}

  follow(topics: string[]): void {
    const text = [...new Set(topics)].sort().join(",");
    if (text === this.topics) return;
    this.topics = text;
    this.open();
  }

  /** Begin anew, as if nothing had been heard: who was away long asks again for what is shown. */
  again(): void {
    this.after = "";
    this.known.clear();
    this.open();
  }

  private open(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
    if (!this.topics) {
      this.after = "";
      this.known.clear();
      return;
    }
    const query = { topics: this.topics, after: this.after || undefined };
    const source = new EventSource(url("stream.follow", { workspace: this.workspace }, query));
    this.source = source;
    source.onopen = () => {
      this.wait = 1000;
      // What happened since a page read and until this opened was not told of: it asks again.
      const topics = this.topics.split(",");
      const gap = !this.after || !reachable.peek();
      for (const topic of topics.filter((one) => gap || !this.known.has(one)))
        tell(this.workspace, { topic, kind: "again" } as Hint);
      this.known = new Set(topics);
      reachable.value = true;
    };
    source.onmessage = (event) => {
      if (event.lastEventId && event.lastEventId !== "0") this.after = event.lastEventId;
      tell(this.workspace, JSON.parse(event.data) as Hint);
    };
    source.onerror = () => {
      source.close();
      // Why, no stream tells: the service may be gone, or this browser be signed out.
      renew().catch(() => {});
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
    };
  }
}

function tell(workspace: string, hint: Hint): void {
  deliver(workspace, hint);
  post({ kind: "hint", workspace, hint });
}

function deliver(workspace: string, hint: Hint): void {
  reachable.value = true;
  const begin = `${workspace} `;
  for (const [key, found] of listeners) {
    if (key === begin + hint.topic) for (const listener of [...found]) listener(hint);
  }
}

let announced: ReturnType<typeof setTimeout> | undefined;

function announce(): void {
  clearTimeout(announced);
  announced = setTimeout(() => {
    const topics = document.hidden ? [] : [...listeners.keys()];
    wanted.set(tab, topics);
    post({ kind: "topics", tab, topics });
    if (leads) lead();
  }, GATHER_MS);
}

function lead(): void {
  const topics = new Map<string, string[]>();
  for (const keys of wanted.values())
    for (const key of keys) {
      const [workspace = "", topic = ""] = key.split(" ");
      topics.set(workspace, [...(topics.get(workspace) ?? []), topic]);
    }
  for (const workspace of new Set([...topics.keys(), ...streams.keys()])) {
    const stream = streams.get(workspace) ?? new Stream(workspace);
    streams.set(workspace, stream);
    stream.follow(topics.get(workspace) ?? []);
  }
}

if (channel)
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === "hint") deliver(data.workspace, data.hint);
    else if (data.kind === "reachable") reachable.value = data.is;
    else if (data.kind === "who") announce();
    else {
      wanted.set(data.tab, data.topics);
      if (leads) lead();
    }
  };
document.addEventListener("visibilitychange", announce);
window.addEventListener("pagehide", () => post({ kind: "topics", tab, topics: [] }));

function begin(): void {
  leads = true;
  post({ kind: "who" });
  // Only who leads hears of it when the service goes.
  reachable.subscribe((is) => post({ kind: "reachable", is }));
  announce();
  let looked = Date.now();
  setInterval(() => {
    // A laptop that slept may have lost its connections without a word of it.
    if (Date.now() - looked > ASLEEP_MS) for (const stream of streams.values()) stream.again();
    looked = Date.now();
  }, TICK_MS);
}

if (navigator.locks)
  void navigator.locks.request("runyard-stream", () => {
    begin();
    return new Promise<void>(() => {});
  });
else begin();

/**
 * Be told when something of these topics changes: `run:<id>`, `runs`, `queue`, `compute`, `models`,
 * `endpoints`, `sweep:<id>` and so on.
 */
export function useLive(workspace: string, topics: string[], listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  const key = topics.join(",");
  useEffect(() => {
    const mine: Listener = (hint) => latest.current(hint);
    const keys = key.split(",").filter(Boolean);
    for (const topic of keys) {
      const name = `${workspace} ${topic}`;
      listeners.set(name, (listeners.get(name) ?? new Set()).add(mine));
    }
    announce();
    return () => {
      for (const topic of keys) {
        const name = `${workspace} ${topic}`;
        listeners.get(name)?.delete(mine);
        if (!listeners.get(name)?.size) listeners.delete(name);
      }
      announce();
    };
  }, [workspace, key]);
}
