// The small parts that every page is made of.
import { signal } from "@preact/signals";
import type { ComponentChildren, ComponentProps } from "preact";
import { useEffect, useState } from "preact/hooks";
import { path, to } from "../address";
import { ago, duration, figure, hash, moment } from "../texts";

export const SHAPES: Record<string, string> = {
  completed: "✓",
  serving: "✓",
  healthy: "✓",
  failed: "✕",
  unhealthy: "✕",
  canceled: "⊘",
  running: "●",
  finalizing: "◕",
  queued: "◔",
  starting: "◔",
  preparing: "◔",
  provisioning: "◔",
};

/** A state: colour and word and shape, so that no one of them is needed. */
export function Status({ of }: { of: string }) {
  const name = of.toLowerCase();
  return (
    <span class={`status ${name}`}>
      <i aria-hidden="true">{SHAPES[name] ?? "○"}</i>
      {of}
    </span>
  );
}

const now = signal(Date.now());
let clocks = 0;
let ticking: ReturnType<typeof setInterval> | undefined;

/** The time, once a second while something shows it. */
export function useNow(): number {
  useEffect(() => {
    if (!clocks++) ticking = setInterval(() => (now.value = Date.now()), 1000);
    now.value = Date.now();
    return () => {
      if (!--clocks) clearInterval(ticking);
    };
  }, []);
  return now.value;
}

/** How long ago, with the moment itself in its title. */
export function Ago({ time }: { time: string | null | undefined }) {
  const at = useNow();
  if (!time) return <>–</>;
  return (
    <time dateTime={time} title={moment(time)}>
      {ago(time, at)}
    </time>
  );
}

/** How long something took, or takes so far. */
export function Took({ from, until }: { from: string | null; until: string | null }) {
  if (from === null) return <>–</>;
  if (!until) return <Since from={from} />;
  return <span class="number">{duration((Date.parse(until) - Date.parse(from)) / 1000)}</span>;
}

function Since({ from }: { from: string }) {
  const at = useNow();
  return <span class="number">{duration(Math.max(0, (at - Date.parse(from)) / 1000))}</span>;
}

/** What stands beside the name of something that runs: its state, and how long it took so far. */
export function Standing({ of, from, until }: { of: string; from: string; until: string | null }) {
  return (
    <>
      <Status of={of} />
      <small>
        <Took from={from} until={until} />
      </small>
    </>
  );
}

/** How long it is until a moment, in milliseconds since 1970. */
export function Left({ until }: { until: number }) {
  const left = (until - useNow()) / 1000;
  return <>{left > 0 ? duration(left) : "any moment"}</>;
}

/** A link to a page of the studio. */
export const link = (text: ComponentChildren, ...segments: string[]) => (
  <a href={to(segments)}>{text}</a>
);

type Given = Omit<ComponentProps<"button">, "type" | "class" | "onClick">;

/** A button that does something at once; `kind` is `main`, `quiet`, `danger` or none. */
export function Button({ act, kind, ...more }: Given & { act: () => void; kind?: string }) {
  return <button type="button" class={kind} onClick={act} {...more} />;
}

/** Copies a text; says so for a moment. */
export function Copy({ text, children = "Copy" }: { text: string; children?: ComponentChildren }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = () => {
    void navigator.clipboard?.writeText(text).then(() => setDone(true));
  };
  return (
    <Button kind="copy quiet" act={copy} title={`Copy: ${text.slice(0, 200)}`}>
      {done ? "Copied" : children}
    </Button>
  );
}

/** Name and value pairs; one whose value is false is left out. */
export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? "–"}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A card of values by name; nothing where there is none. */
export function FactCard({ title, of }: { title: string; of: Record<string, string | null> }) {
  const known = Object.entries(of);
  if (!known.length) return null;
  return (
    <Card title={title}>
      <Facts of={known.map(([name, value]) => [name, value && <code>{value}</code>])} />
    </Card>
  );
}

/** Numbers that matter, each below its name. */
export function Figures({ of, tight }: { of: [string, ComponentChildren][]; tight?: boolean }) {
  return (
    <dl class={`figures ${tight ? "tight" : ""}`}>
      {of.map(([name, value]) => (
        <div key={name}>
          <dt title={name}>
            <bdi>{name}</bdi>
          </dt>
          <dd>{typeof value === "number" ? figure(value) : value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Shares of something as bars: a name, how long its bar is from 0 to 1, and what stands behind. */
export function Bars({ of }: { of: [ComponentChildren, number, string][] }) {
  return (
    <ul class="bars">
      {of.map(([name, share, text], place) => (
        <li key={place}>
          <span>{name}</span>
          <i style={{ width: `${Math.round(100 * share)}%` }} />
          <b>{text}</b>
        </li>
      ))}
    </ul>
  );
}

/** So much of what there is at most, with a bar. */
export function Share({
  of,
  most,
  told,
}: Record<"of" | "most", number | null> & { told: (value: number) => string }) {
  if (of === null) return <>–</>;
  const part = most ? (100 * of) / most : 0;
  return (
    <span class="share" title={most ? `of ${told(most)}` : ""}>
      <i style={{ "--part": `${part}%` }} />
      {told(of)}
    </span>
  );
}

/** A box with a heading. */
export function Card({
  title,
  extra,
  children,
  wide,
}: {
  title?: ComponentChildren;
  extra?: ComponentChildren;
  children: ComponentChildren;
  wide?: boolean;
}) {
  return (
    <section class={`card ${wide ? "wide" : ""}`}>
      {(title || extra) && (
        <header>
          <h2>{title}</h2>
          {extra}
        </header>
      )}
      {children}
    </section>
  );
}

interface HeadProps {
  title: string;
  /** What stands beside the title: a state, a time. */
  beside?: ComponentChildren;
  /** What the browser calls the page, where that is not its title. */
  name?: string;
  /** Where this is: names and addresses, the outermost first. */
  trail?: [string, string][];
  children?: ComponentChildren;
}

/** The head of a page: where it is, its one h1, and what can be done. */
export function Head({ title, beside, name = title, trail = [], children }: HeadProps) {
  useEffect(() => {
    document.title = `${name} · Runyard`;
  }, [name]);
  return (
    <header class="head">
      {trail.length > 0 && (
        <nav class="trail" aria-label="Where this is">
          {trail.map(([name, address]) => (
            <a key={address} href={address}>
              {name}
            </a>
          ))}
        </nav>
      )}
      <div class="line">
        <h1>
          {title} {beside}
        </h1>
        <div class="actions">{children}</div>
      </div>
    </header>
  );
}

/** Tabs that are addresses. */
export function Tabs({ of }: { of: [string, string, ComponentChildren?][] }) {
  const here = path.value;
  const best = of.reduce(
    (found, [, address]) =>
      here.startsWith(address) && address.length > found.length ? address : found,
    "",
  );
  return (
    <nav class="tabs" aria-label="Parts of this page">
      {of.map(([name, address, extra]) => (
        <a key={address} href={address} aria-current={address === best ? "page" : undefined}>
          {name}
          {extra !== undefined && <small>{extra}</small>}
        </a>
      ))}
    </nav>
  );
}

/** The colour that a run or a series keeps on every page; light and dark differ in the style sheet. */
export function colour(name: string): string {
  const value = hash(name);
  const set = document.documentElement.dataset["shade"];
  const dark = set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  return `hsl(${value % 360} ${55 + ((value >> 9) % 25)}% ${dark ? 62 : 42}%)`;
}

interface Said {
  text: string;
  undo?: () => void;
}

export const said = signal<Said | null>(null);
let shown: ReturnType<typeof setTimeout> | undefined;

/** Say what was done, for eight seconds; with `undo` it can be taken back so long. */
export function say(text: string, undo?: () => void): void {
  clearTimeout(shown);
  said.value = undo ? { text, undo } : { text };
  shown = setTimeout(() => (said.value = null), 8000);
}

/** Say what came of something: `text` where it was done, else why it was not. */
export function told<T>(
  asked: Promise<T>,
  then?: (answer: T) => void,
  text?: string,
  undo?: () => void,
): Promise<void> {
  return asked.then(
    (answer) => {
      if (text) say(text, undo);
      then?.(answer);
    },
    (error: Error) => say(error.message),
  );
}

/** The line at the bottom that says what was done. */
export function Saying() {
  const one = said.value;
  return (
    <div class="saying" role="status">
      {one && (
        <p>
          {one.text}
          {one.undo && (
            <Button
              kind="quiet"
              act={() => {
                one.undo?.();
                said.value = null;
              }}
            >
              Undo
            </Button>
          )}
        </p>
      )}
    </div>
  );
}

/** A number line as small as a word: the course of a series. */
export function Spark({ values, width = 90 }: { values: number[]; width?: number }) {
  const height = 22;
  const good = values.filter(Number.isFinite);
  if (good.length < 2)
    return <svg class="spark" width={width} height={height} aria-hidden="true" />;
  const low = Math.min(...good);
  const range = Math.max(...good) - low || 1;
  const points = good.map((value, index) => {
    const x = (index / (good.length - 1)) * (width - 2) + 1;
    const y = height - 2 - ((value - low) / range) * (height - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg class="spark" width={width} height={height} aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
