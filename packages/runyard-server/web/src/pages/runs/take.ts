// Taking what a table shows elsewhere: as a file, as a call of Python, as a command.
import { call, url } from "../../api";
import type { RunRecord } from "../../protocol";
import { fieldParts } from "../../search";
import { counted, shell } from "../../texts";
import { say } from "../../ui/bits";
import { line, save } from "../../ui/save";
import { known } from "./columns";
import type { Asked } from "./rows";

const PAGE = 2000;

/** What the prompt calls what searches call otherwise. */
const PROMPT: Record<string, string> = {
  created_at: "created",
  started_at: "started",
  ended_at: "ended",
  duration: "time",
};
const UNSHOWN = ["attempt", "description", "snapshot", "active"];

/** Read all pages of a search and hand what the table shows of them over as CSV, for a spreadsheet. */
export async function exported(
  workspace: string,
  { filter, order, columns: brought }: Asked,
  columns: string[],
): Promise<void> {
  const parts: string[] = [line(["id", ...columns])];
  let page_token: string | null = null;
  do {
    const body = { filter, order_by: order, page_size: PAGE, columns: brought, short_pages: true };
    const page: { items: RunRecord[]; next_page_token: string | null } = await call(
      "runs.search",
      { workspace },
      { body: { ...body, page_token } },
    );
    for (const run of page.items)
      parts.push(line([run.id, ...columns.map((name) => known(name).value(run))]));
    page_token = page.next_page_token;
    say(`${counted(parts.length - 1, "run")} ${page_token ? "so far" : "saved"}`);
  } while (page_token);
  save("runs.csv", parts);
}

/** Where the service writes the same runs while it sends them: all of each, or the columns shown. */
export function written(
  workspace: string,
  { filter, order }: Asked,
  columns: string[],
  format: "jsonl" | "parquet",
): string {
  const shown = format === "parquet" ? { columns: ["id", ...columns] } : {};
  return url("runs.export", { workspace }, { filter, order_by: order, format, ...shown });
}

/** The call of Python that finds the same runs in the same order. */
export function python(workspace: string, asked: Asked, count: number): string {
  const text = JSON.stringify;
  return [
    "from runyard import Workspace, search_runs",
    "",
    `workspace = Workspace.get(${text(workspace)})`,
    "runs = search_runs(",
    `    ${text(asked.filter)},`,
    `    order_by=[${asked.order.map((one) => text(one)).join(", ")}],`,
    `    max_results=${count},`,
    "    workspace=workspace,",
    ")",
  ].join("\n");
}

/** The command that lists the same runs in the same order, with the same columns. */
export function command(workspace: string, asked: Asked, columns: string[], count: number): string {
  const shown = columns
    .filter((one) => !UNSHOWN.includes(one))
    .map((one) => PROMPT[fieldParts(one)[1]] ?? one);
  const words = ["runyard", "runs", "list", "--children"];
  if (asked.filter) words.push("--filter", asked.filter);
  const order = asked.order[0];
  if (order) words.push("--sort", order);
  words.push("--columns", ["id", ...shown].join(","), "-n", String(count));
  if (workspace !== "default") words.push("--workspace", workspace);
  return words.map(shell).join(" ");
}
