// A log of any size: the byte offset is its address, and only what is around it is fetched.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { param, setParams } from "../address";
import { ask, call, url } from "../api";
import type { LogHits } from "../protocol";
import { bytes, counted } from "../texts";
import { pieces } from "./ansi";
import { Button, say } from "./bits";

const STEP = 64 * 1024;
const MOST = 16 * STEP;
const NEAR_PX = 300;

interface Line {
  at: number;
  text: string;
}

interface Held {
  from: number;
  to: number;
  lines: Line[];
}

interface LogProps {
  workspace: string;
  run: string;
  path: string;
  /** Bytes of it as the stream tells; undefined: as many as there are when it is asked. */
  size: number | undefined;
  live: boolean;
  /** What the address calls the place in it. */
  at?: string;
}

const decoder = new TextDecoder();

/** The lines of a part of a file, and where the next part begins. */
function cut(data: Uint8Array, from: number, whole: boolean): { lines: Line[]; to: number } {
  const lines: Line[] = [];
  let begin = 0;
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, begin)) {
    lines.push({ at: from + begin, text: decoder.decode(data.subarray(begin, end)) });
    begin = end + 1;
  }
  // The last line may not be whole yet: it is shown, and fetched again with what follows.
  if (begin < data.length && (whole || !lines.length)) {
    lines.push({ at: from + begin, text: decoder.decode(data.subarray(begin)) });
    if (!lines.length) begin = data.length;
  }
  return { lines, to: from + (begin || data.length) };
}

/** Keep at the end for a moment: the heights of lines that were never in sight are guesses at first. */
function sticking(place: HTMLElement): () => void {
  let left = 8;
  let frame = 0;
  const stick = () => {
    place.scrollTop = place.scrollHeight;
    if (left--) frame = requestAnimationFrame(stick);
  };
  stick();
  return () => cancelAnimationFrame(frame);
}

/** The viewer of a log, with its search. */
export function Log({ workspace, run, path, size: told, live, at: key = "at" }: LogProps) {
  const segments = { workspace, run, path };
  const [held, setHeld] = useState<Held | null>(null);
  const [size, setSize] = useState(told ?? 0);
  const [error, setError] = useState("");
  const [follow, setFollow] = useState(!param(key));
  const box = useRef<HTMLDivElement>(null);
  const busy = useRef(false);
  /** Where the part that was fetched last begins. */
  const begin = useRef(0);
  const anchor = useRef<{ height: number; top: number } | null>(null);
  const marked = param(key) ? Number(param(key)) : undefined;

  const fetchPart = async (range: string): Promise<Uint8Array> => {
    const headers = { Range: `bytes=${range}` };
    const answer = await ask(url("files.read", segments), { headers });
    const data = new Uint8Array(await answer.arrayBuffer());
    const told = /bytes (\d+)-\d+\/(\d+)/.exec(answer.headers.get("Content-Range") ?? "");
    begin.current = Number(told?.[1] ?? 0);
    setSize(Number(told?.[2] ?? data.length));
    return data;
  };

  const guard = async (act: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    try {
      await act();
      setError("");
    } catch (failed) {
      // An empty log has no byte that could be asked for.
      if ((failed as { status?: number }).status === 416)
        setHeld((old) => old ?? { from: 0, to: 0, lines: [] });
      else setError((failed as Error).message);
    } finally {
      busy.current = false;
    }
  };

  const show = (data: Uint8Array, from: number) => {
    // The first part line is left out but at the file's begin.
    const skip = from === 0 ? 0 : data.indexOf(10) + 1;
    const { lines, to } = cut(data.subarray(skip), from + skip, true);
    setHeld({ from: from + skip, to, lines });
  };

  /** Show the lines around a byte, or the last ones. */
  const open = (at?: number) =>
    guard(async () => {
      if (at !== undefined) {
        const from = Math.max(0, at - STEP / 2);
        return show(await fetchPart(`${from}-${from + STEP - 1}`), from);
      }
      const data = await fetchPart(`-${STEP}`);
      show(data, begin.current);
    });

  /** Go to a byte and stay there, or to the end and stick to it. */
  const jump = (at?: number) => {
    setFollow(at === undefined);
    void open(at);
  };

  const more = () =>
    guard(async () => {
      if (!held) return;
      const data = await fetchPart(`${held.to}-${held.to + STEP - 1}`);
      const { lines, to } = cut(data, held.to, true);
      const kept = held.lines.filter((line) => line.at < held.to);
      const all = [...kept, ...lines];
      const over = Math.max(0, to - held.from - MOST);
      const shown = over ? all.filter((line) => line.at >= held.from + over) : all;
      setHeld({ from: shown[0]?.at ?? held.from, to, lines: shown });
    });

  const before = () =>
    guard(async () => {
      if (!held || held.from === 0) return;
      const from = Math.max(0, held.from - STEP);
      const data = await fetchPart(`${from}-${held.from - 1}`);
      const skip = from === 0 ? 0 : data.indexOf(10) + 1;
      const { lines } = cut(data.subarray(skip), from + skip, true);
      const place = box.current;
      anchor.current = place && { height: place.scrollHeight, top: place.scrollTop };
      const kept = held.lines.filter((line) => line.at < from + MOST);
      setHeld({
        from: from + skip,
        to: kept.length < held.lines.length ? from + MOST : held.to,
        lines: [...lines, ...kept],
      });
    });

  useEffect(() => {
    setHeld(null);
    void open(marked);
  }, [run, path]);
  useEffect(() => {
    if (told !== undefined) setSize(told);
    if (told !== undefined && held && follow && told > held.to) void more();
    // Written anew: what is held is of another text.
    if (told !== undefined && held && told < held.to - 1) void open();
  }, [told, held?.to]);
  useLayoutEffect(() => {
    const place = box.current;
    if (!place || !held) return;
    if (anchor.current) {
      // What came above must not move what one reads.
      place.scrollTop = anchor.current.top + place.scrollHeight - anchor.current.height;
      anchor.current = null;
    } else if (follow) return sticking(place);
    else if (marked !== undefined)
      place.querySelector(".here")?.scrollIntoView({ block: "center" });
  }, [held]);

  const scrolled = () => {
    const place = box.current;
    if (!place || !held) return;
    const below = place.scrollHeight - place.scrollTop - place.clientHeight;
    const bottom = below < 4 && held.to >= size;
    if (bottom !== follow) setFollow(bottom);
    if (place.scrollTop < NEAR_PX && held.from > 0) void before();
    else if (below < NEAR_PX && held.to < size) void more();
  };

  return (
    <section class="log" aria-label={path}>
      <Find
        {...{ workspace, run, path }}
        go={(at) => {
          setParams({ [key]: String(at) }, true);
          jump(at);
        }}
      />
      {error && <p class="wrong">{error}</p>}
      <div class="lines" ref={box} onScroll={scrolled} tabIndex={0}>
        {held?.lines.map((line) => (
          <div key={line.at} class={line.at === marked ? "here" : ""}>
            <a
              href={`?${key}=${line.at}`}
              aria-label={`Link to byte ${line.at}`}
              onClick={(event) => {
                event.preventDefault();
                setParams({ [key]: String(line.at) });
                void navigator.clipboard
                  ?.writeText(location.href)
                  .then(() => say("The link to this line was copied."));
              }}
            >
              #
            </a>
            <code>
              {pieces(line.text).map((piece, place) => (
                <span key={place} class={piece.style}>
                  {piece.text}
                </span>
              ))}
            </code>
          </div>
        ))}
        {held && held.lines.length === 0 && <p class="faint">Nothing was written yet.</p>}
      </div>
      <footer>
        <input
          type="range"
          min="0"
          max={Math.max(1, size)}
          value={held ? Math.min(held.from, size) : 0}
          aria-label="Place in the log"
          onChange={(event) => jump(event.currentTarget.valueAsNumber)}
        />
        <small>{bytes(size)}</small>
        <Button
          kind="quiet"
          aria-pressed={follow}
          act={() => {
            setParams({ [key]: undefined });
            jump();
          }}
        >
          {live ? (follow ? "Following" : "Follow") : "To the end"}
        </Button>
        <a class="button" href={url("files.read", segments)} download>
          Download
        </a>
      </footer>
    </section>
  );
}

type FindProps = Record<"workspace" | "run" | "path", string> & { go: (at: number) => void };

function Find({ workspace, run, path, go }: FindProps) {
  const [text, setText] = useState(param("find"));
  const [regex, setRegex] = useState(false);
  const [found, setFound] = useState<LogHits>();
  const [error, setError] = useState("");
  const [at, setAt] = useState(0);
  const hits = found?.items ?? [];
  // What was found is no answer to another question.
  useEffect(() => setFound(undefined), [text, regex]);
  const find = () => {
    setError("");
    setAt(0);
    const query = { text, regex, ignore_case: true };
    call("logs.search", { workspace, run, path }, { query }).then(setFound, (failed: Error) =>
      setError(failed.message),
    );
  };
  const step = (by: number) => {
    const next = (at + by + hits.length) % hits.length;
    setAt(next);
    const hit = hits[next];
    if (hit) go(hit.offset);
  };
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (hits.length) step(1);
        else if (text) find();
      }}
    >
      <input
        type="search"
        aria-label="Find in the log"
        aria-invalid={error !== ""}
        placeholder="Find in the log"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <label>
        <input type="checkbox" checked={regex} onChange={() => setRegex(!regex)} />
        regex
      </label>
      {found && (
        <span class="faint">
          {counted(hits.length, "line")}
          {found.next_start !== null && " and more"}
        </span>
      )}
      {hits.length > 0 && (
        <>
          <Button act={() => step(-1)} aria-label="Previous">
            ↑
          </Button>
          <Button act={() => step(1)} aria-label="Next">
            ↓
          </Button>
        </>
      )}
      {error && <span class="wrong">{error}</span>}
    </form>
  );
}
