// Python in colours: enough of its grammar to tell words, texts, numbers and comments apart.

const TOKEN =
  /(?<comment>#[^\n]*)|(?<text>(?:[rRbBuUfF]{0,2})(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(?<decorator>@[\w.]+)|(?<number>\b(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?)\b)|(?<word>[A-Za-z_]\w*)/g;
const WORDS = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for
  from global if import in is lambda match nonlocal not or pass raise return try while with yield`.split(
    /\s+/,
  ),
);

/** A piece of a line and what it is, "" for nothing special. */
export type Piece = [kind: string, text: string];

/** The lines of a source, each in pieces. */
export function coloured(source: string): Piece[][] {
  const lines: Piece[][] = [[]];
  const add = (kind: string, text: string) =>
    text.split("\n").forEach((part, place) => {
      if (place) lines.push([]);
      if (part) lines.at(-1)?.push([kind, part]);
    });
  let at = 0;
  let before = "";
  for (const match of source.matchAll(TOKEN)) {
    if (match.index > at) add("", source.slice(at, match.index));
    const kind =
      Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0] ?? "";
    const named = before === "def" || before === "class" ? "name" : "";
    add(kind === "word" ? (WORDS.has(match[0]) ? "keyword" : named) : kind, match[0]);
    before = kind === "word" ? match[0] : "";
    at = match.index + match[0].length;
  }
  add("", source.slice(at));
  return lines;
}
