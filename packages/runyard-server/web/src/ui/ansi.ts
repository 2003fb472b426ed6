// What a terminal would show of a log's text: colours, and lines that were written over.

export interface Piece {
  text: string;
  style: string;
}

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// eslint-disable-next-line no-control-regex
const ESCAPE =
  /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]/g;

/** A line as it stood in the end: a progress bar returns to its beginning and is written over. */
export function overwritten(line: string): string {
  const whole = line.endsWith("\r") ? line.slice(0, -1) : line;
  const last = whole.lastIndexOf("\r");
  return last < 0 ? whole : whole.slice(last + 1);
}

/** A line in pieces of one style each; escape sequences that are no colours are left out. */
export function pieces(line: string): Piece[] {
  const found: Piece[] = [];
  let style = "";
  let from = 0;
  const text = overwritten(line);
  for (const match of text.matchAll(ESCAPE)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), style });
    from = match.index + match[0].length;
    if (match[1] !== undefined) style = restyled(style, match[1]);
  }
  if (from < text.length) found.push({ text: text.slice(from), style });
  return found;
}

function restyled(style: string, codes: string): string {
  const set = new Set(style.split(" ").filter(Boolean));
  const drop = (begin: string) =>
    [...set].filter((name) => name.startsWith(begin)).forEach((name) => set.delete(name));
  for (const code of codes.split(/[;:]/).map(Number)) {
    if (!code) set.clear();
    else if (code === 1) set.add("bold");
    else if (code === 2) set.add("dim");
    else if (code === 3) set.add("italic");
    else if (code === 4) set.add("under");
    else if (code === 22) {
      set.delete("bold");
      set.delete("dim");
    } else if (code === 39) drop("c-");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      drop("c-");
      set.add(`c-${COLOURS[code % 10]}`);
    }
  }
  return [...set].join(" ");
}
