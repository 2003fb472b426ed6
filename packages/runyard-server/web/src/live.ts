// One stream for a browser: the tab that holds a lock reads it and passes on what comes to the others.
// Browsers open six connections to one HTTP/1.1 host: with a stream in each, the seventh tab hangs.
import { useEffect, useRef } from "preact/hooks";
import { reachable, url } from "./api";
import type { Hint } from "./protocol";

type Listener = (hint: Hint) => void;
type Message =
  | { kind: "hint"; workspace: string; hint: Hint }
  | { kind: "topics"; tab: string; topics: string[] }
  | { kind: "who" };

const GATHER_MS = 100;
const LONGEST_WAIT_MS = 30_000;
const tab = crypto.getRandomValues(new Uint32Array(2)).join("-");
const channel = new BroadcastChannel("runyard-stream");
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

  private open(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
    if (!this.topics) return;
    const query = { topics: this.topics, after: this.after || undefined };
    const source = new EventSource(url("stream.follow", { workspace: this.workspace }, query));
    this.source = source;
    source.onopen = () => {
      this.wait = 1000;
      // What happened since a page read and until this opened was not told of: it asks again.
      const topics = this.topics.split(",");
      for (const topic of topics.filter((one) => !this.known.has(one) || !reachable.peek()))
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
      reachable.value = false;
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
    };
  }
}

function tell(workspace: string, hint: Hint): void {
  deliver(workspace, hint);
  channel.postMessage({ kind: "hint", workspace, hint } satisfies Message);
}

function deliver(workspace: string, hint: Hint): void {
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
    channel.postMessage({ kind: "topics", tab, topics } satisfies Message);
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

channel.onmessage = ({ data }: MessageEvent<Message>) => {
  if (data.kind === "hint") deliver(data.workspace, data.hint);
  else if (data.kind === "who") announce();
  else {
    wanted.set(data.tab, data.topics);
    if (leads) lead();
  }
};
document.addEventListener("visibilitychange", announce);
window.addEventListener("pagehide", () => {
  channel.postMessage({ kind: "topics", tab, topics: [] } satisfies Message);
});

function begin(): void {
  leads = true;
  channel.postMessage({ kind: "who" } satisfies Message);
  announce();
}

// Without locks (plain http from another machine) each tab has a stream of its own.
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
