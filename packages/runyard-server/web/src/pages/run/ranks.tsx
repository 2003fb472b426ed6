// The processes of a run: who does what where, and who failed first.
import { useAll, useCall } from "../../resource";
import { duration, total } from "../../texts";
import { Share, Status } from "../../ui/bits";
import { type Column, leads, number, size, state, text } from "../../ui/columns";
import { Empty } from "../../ui/states";
import { Listing } from "../../ui/table";
import type { RankRecord, RunRecord, UsageSeries } from "../../protocol";
import type { TabProps } from "../run";
import { RankHeat, measured, useUsage } from "./system";

const logOf = (one: RankRecord) => one.log ?? "";
const nameOf = (one: RankRecord) => logOf(one).split("/").at(-1);

/** How busy something is while the run goes on, and was on the average when it has ended. */
function busy(of: UsageSeries[], { ended_at }: RunRecord): number | null {
  const values = of.flatMap((one) => (ended_at ? one.y : [one.last])).filter((one) => one != null);
  return values.length ? total(values) / values.length : null;
}

/** The GPUs of a process: its share of those of its node, and all of them where they do not go by. */
function gpusOf(one: RankRecord, ranks: RankRecord[], gpus: UsageSeries[]): UsageSeries[] {
  const beside = ranks.filter((other) => other.node === one.node);
  const there = gpus
    .filter((gpu) => gpu.node === one.node)
    .sort((left, right) => (left.index ?? 0) - (right.index ?? 0));
  const each = there.length / beside.length;
  const first = each * beside.indexOf(one);
  return Number.isInteger(each) ? there.slice(first, first + each) : there;
}

export default function Ranks(props: TabProps) {
  const { workspace, run, grown } = props;
  const segments = { workspace, run: run.id };
  const ranks = useAll("gangs.ranks", segments, {}, { after: [run.last_event, grown.usage] });
  const events = useCall("events.list", segments, { query: { limit: 10_000 } }, run.status);
  // Events of ranks tell of failures alone, in the order in which they were heard of.
  const failed = events.data?.items.find((one) => one.kind === "rank")?.data["rank"];
  const logs = ["runs", workspace, run.id, "logs"];
  const used = (scope: string, measure: string) =>
    (useUsage(workspace, run.id, grown.usage, scope).data?.items ?? []).filter(
      (one) => one.measure === measure,
    );
  const cpus = Map.groupBy(used("rank", "cpu"), (one) => one.index);
  const gpus = used("gpu", "utilization");
  const cores = (one: RankRecord) => busy(cpus.get(one.rank) ?? [], run);
  const load = (one: RankRecord) => busy(gpusOf(one, ranks.data ?? [], gpus), run);
  const most = Math.max(1, ...(ranks.data ?? []).map((one) => cores(one) ?? 0));
  const columns: Column<RankRecord>[] = [
    number("Rank", "4rem", (one) => one.rank),
    text("Role", "minmax(5rem, 1fr)", (one) => one.name),
    state((one) => one.state, {
      cell: (one) => (
        <>
          <Status of={one.state} />{" "}
          {failed === String(one.rank) && <b class="first-failed">first</b>}
        </>
      ),
    }),
    number("Exit", "4rem", (one) => one.exit_code),
    text("Node", "minmax(8rem, 1fr)", (one) => one.node_name || one.host),
    number("CPU", "7rem", cores, {
      cell: (one) => <Share of={cores(one)} most={most} told={(of) => measured(of, "cores")} />,
    }),
    ...(gpus.length
      ? [
          number("GPU", "6rem", load, {
            cell: (one) => <Share of={load(one)} most={100} told={(of) => measured(of, "%")} />,
          }),
        ]
      : []),
    number("Worked", "5rem", (one) => one.cpu_seconds, {
      cell: (one) => duration(one.cpu_seconds),
    }),
    size("Memory", (one) => one.memory_bytes),
    size("Peak", (one) => one.peak_memory_bytes),
    leads("Log", "minmax(7rem, 1fr)", nameOf, (one) => [...logs, ...logOf(one).split("/")]),
  ];
  return (
    <div class="stack">
      <Listing
        of={ranks}
        noun="rank"
        columns={columns}
        id={(one) => String(one.rank)}
        command={`runyard runs ranks ${run.id}`}
      >
        <Empty title="No process yet">Ranks appear when the run starts on its nodes.</Empty>
      </Listing>
      <RankHeat {...props} />
    </div>
  );
}
