// The processes of a run: who does what where, and who failed first.
import { to } from "../../address";
import { call } from "../../api";
import { useResource } from "../../resource";
import { bytes, duration } from "../../texts";
import { Status } from "../../ui/bits";
import { Empty, Loaded } from "../../ui/states";
import { Table, type Column } from "../../ui/table";
import type { RankRecord } from "../../protocol";
import type { TabProps } from "../run";
import { RankHeat } from "./system";

export default function Ranks(props: TabProps) {
  const { workspace, run, grown } = props;
  const ranks = useResource(`ranks ${run.id} ${run.last_event} ${grown.usage}`, (signal) =>
    call("gangs.ranks", { workspace, run: run.id }, { signal }),
  );
  const failed = useResource(`first failed ${run.id} ${run.status}`, async (signal) => {
    const query = { limit: 10_000 };
    const { items } = await call("events.list", { workspace, run: run.id }, { query, signal });
    // Events of ranks tell of failures alone, in the order in which they were heard of.
    return items.find((one) => one.kind === "rank")?.data["rank"] ?? null;
  });
  const columns: Column<RankRecord>[] = [
    { name: "rank", title: "Rank", width: "4rem", number: true, cell: (one) => one.rank },
    { name: "name", title: "Role", width: "minmax(6rem, 1fr)", cell: (one) => one.name },
    {
      name: "state",
      title: "State",
      width: "9rem",
      cell: (one) => (
        <>
          <Status of={one.state} />{" "}
          {failed.data === String(one.rank) && <b class="first-failed">first</b>}
        </>
      ),
    },
    {
      name: "exit",
      title: "Exit",
      width: "4rem",
      number: true,
      cell: (one) => one.exit_code ?? "–",
    },
    {
      name: "node",
      title: "Node",
      width: "minmax(8rem, 1fr)",
      cell: (one) => one.node_name || one.host,
    },
    {
      name: "cpu",
      title: "CPU",
      width: "7rem",
      number: true,
      cell: (one) => duration(one.cpu_seconds),
    },
    {
      name: "memory",
      title: "Memory",
      width: "7rem",
      number: true,
      cell: (one) => bytes(one.memory_bytes),
    },
    {
      name: "peak",
      title: "Peak",
      width: "7rem",
      number: true,
      cell: (one) => bytes(one.peak_memory_bytes),
    },
    {
      name: "log",
      title: "Log",
      width: "minmax(8rem, 1fr)",
      cell: (one) =>
        one.log && (
          <a href={to(["runs", workspace, run.id, "logs", ...one.log.split("/")])}>{one.log}</a>
        ),
    },
  ];
  return (
    <Loaded of={ranks} lines={6}>
      {({ items }) =>
        items.length ? (
          <div class="stack">
            <Table label="Ranks" columns={columns} rows={items} id={(one) => String(one.rank)} />
            <RankHeat {...props} />
          </div>
        ) : (
          <Empty title="No process yet">Ranks appear when the run starts on its nodes.</Empty>
        )
      }
    </Loaded>
  );
}
