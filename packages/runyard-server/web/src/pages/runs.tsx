// The runs of a workspace: as many as there are, ordered and filtered by the service.
import { useEffect, useState } from "preact/hooks";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { RunRecord } from "../protocol";
import { useResource, useRested } from "../resource";
import { figure } from "../texts";
import { Ago, Head, Status, Took } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

const PAGE = 200;

export default function Runs({ workspace }: { workspace: string }) {
  const filter = param("q");
  const order = param("order");
  const [typed, setTyped] = useState(filter);
  const rested = useRested(typed);
  useEffect(() => setParams({ q: rested }), [rested]);
  useEffect(() => {
    document.title = `Runs · ${workspace}`;
  }, [workspace]);
  const runs = useResource(`${workspace} ${filter} ${order}`, (signal) =>
    call(
      "runs.search",
      { workspace },
      { body: { filter, order_by: order ? [order] : [], page_size: PAGE }, signal },
    ),
  );
  useLive(workspace, ["runs"], runs.refresh);
  return (
    <>
      <Head title="Runs" trail={[[workspace, `/runs/${workspace}`]]} />
      <div class="search">
        <input
          type="search"
          aria-label="Filter"
          placeholder="metrics.accuracy > 0.9 and status = 'Completed'"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      <Loaded of={runs} lines={12}>
        {({ items }) =>
          items.length ? (
            <Table
              label="Runs"
              columns={columns(items)}
              rows={items}
              id={(run) => run.id}
              href={(run) => to(["runs", workspace, run.id])}
              order={order}
              onOrder={(next) => setParams({ order: next }, true)}
            />
          ) : (
            <Empty title={filter ? "No run fits the filter" : "No run yet"} />
          )
        }
      </Loaded>
    </>
  );
}

function columns(runs: RunRecord[]): Column<RunRecord>[] {
  const metrics = new Set(runs.flatMap((run) => Object.keys(run.metrics ?? {})));
  return [
    {
      name: "run",
      title: "Run",
      width: "minmax(14rem, 2fr)",
      cell: (run) => `${run.experiment} ${run.number}`,
    },
    { name: "status", title: "Status", width: "8rem", cell: (run) => <Status of={run.status} /> },
    {
      name: "created",
      title: "Created",
      width: "8rem",
      order: "created",
      cell: (run) => <Ago time={run.created_at} />,
    },
    {
      name: "took",
      title: "Took",
      width: "7rem",
      number: true,
      cell: (run) => <Took from={run.started_at} until={run.ended_at} />,
    },
    ...[...metrics].slice(0, 6).map((name): Column<RunRecord> => ({
      name: `metrics.${name}`,
      title: name,
      width: "minmax(6rem, 1fr)",
      number: true,
      order: `metrics.${name}`,
      cell: (run) => figure(run.metrics?.[name]),
    })),
  ];
}
