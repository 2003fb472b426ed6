// The processes of a run: who does what where, and who failed first.
import { useAll, useCall } from "../../resource";
import { duration } from "../../texts";
import { Status } from "../../ui/bits";
import { type Column, leads, number, size, state, text } from "../../ui/columns";
import { Empty } from "../../ui/states";
import { Listing } from "../../ui/table";
import type { RankRecord } from "../../protocol";
import type { TabProps } from "../run";
import { RankHeat } from "./system";

const logOf = (one: RankRecord) => one.log ?? "";

export default function Ranks(props: TabProps) {
  const { workspace, run, grown } = props;
  const segments = { workspace, run: run.id };
  const ranks = useAll("gangs.ranks", segments, {}, { after: [run.last_event, grown.usage] });
  const events = useCall("events.list", segments, { query: { limit: 10_000 } }, run.status);
  // Events of ranks tell of failures alone, in the order in which they were heard of.
  const failed = events.data?.items.find((one) => one.kind === "rank")?.data["rank"];
  const logs = ["runs", workspace, run.id, "logs"];
  const columns: Column<RankRecord>[] = [
    number("Rank", "4rem", (one) => one.rank),
    text("Role", "minmax(6rem, 1fr)", (one) => one.name),
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
    number("CPU", "7rem", (one) => one.cpu_seconds, { cell: (one) => duration(one.cpu_seconds) }),
    size("Memory", (one) => one.memory_bytes),
    size("Peak", (one) => one.peak_memory_bytes),
    leads("Log", "minmax(8rem, 1fr)", logOf, (one) => [...logs, ...logOf(one).split("/")]),
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
