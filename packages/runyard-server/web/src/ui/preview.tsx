// What is in a file, as far as a page can show it without running anything of it.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { param, setParams } from "../address";
import { ask } from "../api";
import { useResource } from "../resource";
import { bytes } from "../texts";
import { Copy, Facts } from "./bits";
import { Switch } from "./fields";
import type { FileItem } from "./files";
import { Plain } from "./plain";
import { type Piece, coloured } from "./python";
import { entries, parsed, signature } from "./reading";
import { Lazy, Loaded } from "./states";

const MOST = 512 * 1024;
const ROWS = 1000;
const KINDS: [RegExp, string][] = [
  [/\.(png|jpe?g|gif|webp|bmp|ico|svg)$/i, "image"],
  [/\.(wav|mp3|ogg|flac|m4a)$/i, "audio"],
  [/\.(mp4|webm|mov)$/i, "video"],
  [/\.(csv|tsv)$/i, "table"],
  [/\.json$/i, "json"],
  [/\.npy$/i, "numpy"],
  [/\.(npz|zip|whl|pt|pth)$/i, "zip"],
  [/\.html?$/i, "page"],
  [/(^|\/)events\.out\.tfevents\./, "events"],
  [/(^|\/)MLmodel$/, "model"],
  [
    /\.(txt|log|md|rst|py|ipynb|ya?ml|toml|cfg|ini|sh|jsonl|xml|html?|css|js|ts|r|c|cc|cpp|h|lock|conf)$/i,
    "text",
  ],
];

// The charts are fetched with the first file that has some.
const events = () => import("./events");

/** The preview of one file. */
export function Preview({ file, address }: { file: FileItem; address: string }) {
  const kind = KINDS.find(([pattern]) => pattern.test(file.path))?.[1] ?? "unknown";
  return (
    <section class="preview card" aria-label={file.path}>
      <header>
        <h2>{file.path}</h2>
        <span class="actions">
          <small title={file.digest ?? ""}>{bytes(file.size)}</small>
          {file.digest && <Copy text={file.digest}>Copy SHA-256</Copy>}
          <Copy text={file.path}>Copy path</Copy>
          <a class="button" href={address} download={file.path.split("/").at(-1)}>
            Download
          </a>
        </span>
      </header>
      {["image", "audio", "video"].includes(kind) ? (
        <Media address={address} kind={kind} path={file.path} />
      ) : kind === "page" ? (
        <Report file={file} address={address} />
      ) : (
        <Content file={file} address={address} kind={kind} />
      )}
    </section>
  );
}

/** As a blob: a picture of vectors is drawn where no script of it can run. */
function Media({ address, kind, path }: Record<"address" | "kind" | "path", string>) {
  const type = /\.svg$/i.test(path) ? "image/svg+xml" : "";
  const blob = useResource(`blob ${address}`, async (signal) => {
    const answer = await ask(address, { signal, credentials: "same-origin" });
    return URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type }));
  });
  return (
    <Loaded of={blob}>
      {(source) =>
        kind === "image" ? (
          <img class="picture" src={source} alt={path} />
        ) : kind === "audio" ? (
          <audio controls src={source} />
        ) : (
          <video class="picture" controls src={source} />
        )
      }
    </Loaded>
  );
}

/** A page of HTML in a frame that may run its scripts and nothing else, or its text. */
function Report({ file, address }: { file: FileItem; address: string }) {
  const framed = /^\/api\/v1(\/workspaces\/[^/]+\/(runs|datastores)\/.*)$/.exec(address)?.[1];
  const source = param("source") === "1" || !framed;
  return (
    <>
      {framed && (
        <Switch
          label="How it is shown"
          of={["Page", "Source"]}
          at={source ? "Source" : "Page"}
          to={(name) => setParams({ source: name === "Source" ? "1" : "" })}
        />
      )}
      {source ? (
        <Content file={file} address={address} kind="text" />
      ) : (
        <iframe
          class="report"
          sandbox="allow-scripts"
          title={file.path}
          src={`/raw${framed}`}
          referrerpolicy="no-referrer"
        />
      )}
    </>
  );
}

function Content({ file, address, kind }: { file: FileItem; address: string; kind: string }) {
  const content = useResource(`content ${address} ${file.size}`, async (signal) => {
    if (!file.size) return new Uint8Array();
    const headers = { Range: `bytes=0-${MOST - 1}` };
    const answer = await ask(address, { headers, signal, credentials: "same-origin" });
    return new Uint8Array(await answer.arrayBuffer());
  });
  return (
    <Loaded of={content} lines={10}>
      {(data) => (
        <>
          <Shown data={data} kind={kind} whole={data.length >= file.size} path={file.path} />
          {data.length < file.size && (
            <small>
              The first {bytes(data.length)} of {bytes(file.size)}.
            </small>
          )}
        </>
      )}
    </Loaded>
  );
}

interface ShownProps {
  data: Uint8Array;
  kind: string;
  whole: boolean;
  path: string;
}

function Shown({ data, kind, whole, path }: ShownProps) {
  const text = useMemo(
    () => (/numpy|zip|events/.test(kind) ? "" : new TextDecoder().decode(data)),
    [data],
  );
  if (kind === "events") return <Lazy load={events} given={{ data }} />;
  if (kind === "numpy") return <p>{numpy(data)}</p>;
  if (kind === "zip") return <Zip data={data} whole={whole} />;
  // A byte of zero is in no text.
  if (kind === "unknown" && data.subarray(0, 4096).includes(0)) return <Hex data={data} />;
  if (kind === "table") return <Table text={text} tab={/\.tsv$/i.test(path)} />;
  const tree = kind === "json" && whole ? parsed(text) : undefined;
  if (tree !== undefined) return <Json value={tree} />;
  const told = kind === "model" ? Object.entries(signature(text)) : [];
  return (
    <>
      {told.length > 0 && <Facts of={told} />}
      <Text text={text} python={/\.pyw?$/i.test(path)} />
    </>
  );
}

/** Beyond so many letters colours cost more than they tell. */
const COLOURED = 200_000;

/** A text with the numbers of its lines, which are addresses; Python is coloured. */
export function Text({ text, python = false }: { text: string; python?: boolean }) {
  const lines = useMemo(
    () =>
      python && text.length < COLOURED
        ? coloured(text)
        : text.split("\n").map((line): Piece[] => [["", line]]),
    [text, python],
  );
  const at = Number(param("line"));
  const marked = useRef<HTMLSpanElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // By hand: `scrollIntoView` would move the page as well.
    if (box.current && marked.current)
      box.current.scrollTop = marked.current.offsetTop - box.current.clientHeight / 2;
  }, [at, lines]);
  return (
    <div class="text" ref={box}>
      <pre class="numbers" aria-hidden="true">
        {lines.map((_, place) => (
          <span
            key={place}
            class={place + 1 === at ? "here" : ""}
            onClick={() => setParams({ line: place + 1 === at ? "" : String(place + 1) })}
          >
            {place + 1}
          </span>
        ))}
      </pre>
      <pre tabIndex={0}>
        <code>
          {lines.map((line, place) => (
            <span key={place} {...(place + 1 === at ? { class: "here", ref: marked } : {})}>
              {line.map(([kind, part]) => (kind ? <i class={`c-${kind}`}>{part}</i> : part))}
              {"\n"}
            </span>
          ))}
        </code>
      </pre>
    </div>
  );
}

function Hex({ data }: { data: Uint8Array }) {
  const rows = Array.from({ length: Math.min(64, Math.ceil(data.length / 16)) }, (_, row) => {
    const part = [...data.subarray(row * 16, row * 16 + 16)];
    const digits = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = part
      .map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·"))
      .join("");
    return `${(row * 16).toString(16).padStart(8, "0")}  ${digits.padEnd(48)} ${letters}`;
  });
  return (
    <pre class="tail" tabIndex={0}>
      {rows.join("\n")}
    </pre>
  );
}

/** Shape and type of an array, from the head of its file. */
function numpy(data: Uint8Array): string {
  const head = new TextDecoder("latin1").decode(data.subarray(0, 2000));
  const shape = /'shape': \(([^)]*)\)/.exec(head)?.[1];
  const type = /'descr': '([^']*)'/.exec(head)?.[1];
  return shape === undefined
    ? "An array that cannot be read."
    : `An array of type ${type}, shape (${shape}).`;
}

/** What an archive holds, from its table at the end. */
function Zip({ data, whole }: { data: Uint8Array; whole: boolean }) {
  const found = useMemo(() => entries(data), [data]);
  if (!found.length)
    return (
      <p>{whole ? "This is no archive." : "An archive that is too large to be listed here."}</p>
    );
  return (
    <ul class="list">
      {found.map(([name, size]) => (
        <li key={name}>
          <code>{name}</code>
          <small>{bytes(size)}</small>
        </li>
      ))}
    </ul>
  );
}

function Table({ text, tab }: { text: string; tab: boolean }) {
  const rows = useMemo(() => cells(text, tab ? "\t" : ","), [text, tab]);
  const [head = [], ...body] = rows;
  return <Plain box="twin tall" heads={head} rows={body} />;
}

/** The cells of a table with commas, quotes as RFC 4180 has them; the first thousand rows. */
export function cells(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let place = 0; place < text.length && rows.length <= ROWS; place++) {
    const letter = text[place];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[place + 1] === '"') cell += text[place++];
      else quoted = false;
    } else if (letter === '"' && !cell) quoted = true;
    else if (letter === separator) {
      row.push(cell);
      cell = "";
    } else if (letter === "\n") {
      rows.push([...row, cell.replace(/\r$/, "")]);
      row = [];
      cell = "";
    } else cell += letter;
  }
  if (row.length || cell) rows.push([...row, cell]);
  return rows;
}

type JsonProps = { value: unknown; name?: string; depth?: number };

/** A tree of JSON; the first level is open. */
export function Json({ value, name = "", depth = 0 }: JsonProps) {
  const label = depth > 0 && <b>{name}: </b>;
  if (value === null || typeof value !== "object")
    return (
      <div class="json">
        {label}
        <code>{JSON.stringify(value)}</code>
      </div>
    );
  const entries = Object.entries(value);
  const shape = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details class="json" open={depth < 1}>
      <summary>
        {label}
        <small>{shape}</small>
      </summary>
      {entries.slice(0, ROWS).map(([key, one]) => (
        <Json key={key} name={key} value={one} depth={depth + 1} />
      ))}
    </details>
  );
}
