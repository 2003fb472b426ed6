// What differs between two texts: side by side where there is room, else below each other.
import { useMemo, useState } from "preact/hooks";
import { counted } from "../texts";
import { type Hunk, hunks, steps } from "./myers";

/** Two texts by lines; what is the same is folded. */
export function Diff({ left, right }: Record<"left" | "right", string>) {
  const lines = useMemo(() => [lined(left), lined(right)] as const, [left, right]);
  const parts = useMemo(() => hunks(steps(...lines)), [lines]);
  return (
    <div class="diff" tabIndex={0}>
      {parts.map((part, place) => (
        <Part key={place} part={part} lines={lines} />
      ))}
    </div>
  );
}

/** What ends with a new line has no empty line behind it. */
function lined(text: string): string[] {
  return text ? text.replace(/\n$/, "").split("\n") : [];
}

function Part({ part, lines }: { part: Hunk; lines: readonly [string[], string[]] }) {
  const [open, setOpen] = useState(false);
  if (part.folded && !open)
    return (
      <button type="button" class="quiet fold" onClick={() => setOpen(true)}>
        {counted(part.steps.length, "line")} the same
      </button>
    );
  return (
    <>
      {paired(part).map(([a, b], place) => {
        const same = a !== null && b !== null && lines[0][a] === lines[1][b];
        return (
          <div key={place} class={`pair ${same ? "same" : ""}`}>
            <Side at={a} lines={lines[0]} changed={same ? "" : "gone"} />
            <Side at={b} lines={lines[1]} changed={same ? "" : "come"} />
          </div>
        );
      })}
    </>
  );
}

function Side({ at, lines, changed }: { at: number | null; lines: string[]; changed: string }) {
  return (
    <div class={at === null ? "void" : changed}>
      <i aria-hidden="true">{at === null ? "" : at + 1}</i>
      <code>
        {changed && at !== null && (
          <span class="hidden">{changed === "come" ? "added: " : "removed: "}</span>
        )}
        {at === null ? "" : lines[at]}
      </code>
    </div>
  );
}

/** Lines that went and lines that came in their place stand beside each other. */
function paired({ steps: all }: Hunk): [number | null, number | null][] {
  const found: [number | null, number | null][] = [];
  let gone: number[] = [];
  let come: number[] = [];
  const flush = () => {
    for (let place = 0; place < Math.max(gone.length, come.length); place++)
      found.push([gone[place] ?? null, come[place] ?? null]);
    gone = [];
    come = [];
  };
  for (const step of all) {
    if (step.left !== null && step.right !== null) {
      flush();
      found.push([step.left, step.right]);
    } else if (step.left !== null) gone.push(step.left);
    else if (step.right !== null) come.push(step.right);
  }
  flush();
  return found;
}

/** Values by name that two things have, and only those that differ. */
export function Differing({
  left,
  right,
  names,
}: {
  left: Record<string, string>;
  right: Record<string, string>;
  names: [string, string];
}) {
  const differ = [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .sort()
    .filter((name) => left[name] !== right[name]);
  if (!differ.length) return <p class="faint">Nothing differs.</p>;
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">Name</th>
          {names.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {differ.map((name) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class={left[name] === undefined ? "faint" : "gone"}>{left[name] ?? "–"}</td>
            <td class={right[name] === undefined ? "faint" : "come"}>{right[name] ?? "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
