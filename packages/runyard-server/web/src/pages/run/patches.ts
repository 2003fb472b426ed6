// What of a run's code was not committed: the diff that its client kept, file by file.
import { Refused, ask, url } from "../../api";
import type { RunRecord } from "../../protocol";

const KEPT = "git/uncommitted.diff";
const UNKNOWN = "# not in git: ";
const LARGE = "# too large to be kept here: ";

export interface Patch {
  path: string;
  /** What happened to the file: changed, added, removed, not in git. */
  what: string;
  lines: string[];
}

/** The files that differed from the commit; none where all was committed, or nothing is known. */
export async function uncommitted({ workspace, id: run }: RunRecord, signal: AbortSignal) {
  try {
    const address = url("files.read", { workspace, run, path: KEPT });
    return patches(await (await ask(address, { signal })).text());
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return [];
    throw error;
  }
}

/** Cut a diff of git's into files. */
export function patches(text: string): Patch[] {
  const [head = "", ...parts] = `\n${text}`.split("\ndiff --git ");
  const last = parts.at(-1) ?? head;
  const found = parts.map((part): Patch => {
    const [both = "", ...lines] = part.split("\n");
    const path = both.slice(2, 2 + (both.length - 5) / 2);
    const added = lines.some((line) => line.startsWith("new file"));
    const gone = lines.some((line) => line.startsWith("deleted file"));
    return { path, what: added ? "added" : gone ? "removed" : "changed", lines };
  });
  const named = (mark: string, what: string) =>
    last
      .split("\n")
      .filter((line) => line.startsWith(mark))
      .map((line): Patch => ({ path: line.slice(mark.length), what, lines: [] }));
  return [...found, ...named(LARGE, "changed"), ...named(UNKNOWN, "not in git")];
}

/** The text that a file had in the commit, by what it is now; `undefined` where that is not known. */
export function before({ what, lines }: Patch, now: string | undefined): string | undefined {
  if (what === "not in git") return "";
  const first = lines.findIndex((line) => line.startsWith("@@"));
  if (first < 0 || now === undefined) return what === "added" ? "" : undefined;
  const fresh = now.split("\n");
  const old: string[] = [];
  let at = 0;
  for (const line of lines.slice(first)) {
    const start = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (start) {
      // A hunk of no lines stands behind the line that it names.
      const begin = Number(start[1]) - (start[2] === "0" ? 0 : 1);
      old.push(...fresh.slice(at, begin));
      at = begin;
    } else if (line.startsWith("-")) old.push(line.slice(1));
    else if (line.startsWith("+")) at++;
    else if (line.startsWith(" ")) {
      old.push(line.slice(1));
      at++;
    }
  }
  return [...old, ...fresh.slice(at)].join("\n");
}
