// Taking what a table shows elsewhere: as a file, as a call of Python, as a command.
import { url } from "../../api";
import { fieldParts } from "../../search";
import { shell } from "../../texts";
import type { Asked } from "./rows";

/** What the prompt calls what searches call otherwise. */
const PROMPT: Record<string, string> = {
  created_at: "created",
  started_at: "started",
  ended_at: "ended",
  duration: "time",
};
/** What the service writes, and what people call it. */
export const FORMATS = [
  ["csv", "CSV"],
  ["jsonl", "JSON lines"],
  ["parquet", "Parquet"],
] as const;
const UNSHOWN = ["attempt", "description", "snapshot", "active"];

/** Where the service writes the runs of a search while it sends them: all of each, or the columns shown. */
export function written(
  workspace: string,
  { filter, order }: Asked,
  columns: string[],
  format: string,
): string {
  const shown = format === "jsonl" ? {} : { columns: ["id", ...columns] };
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
