// The endpoints of a workspace: how each stands, what it serves, how fast it answers.
import { useEffect, useState } from "preact/hooks";
import { param, setParams, to } from "../address";
import { all, call } from "../api";
import { quantile, short, together } from "../latencies";
import { useLive } from "../live";
import type { DeploymentRecord, EndpointRecord } from "../protocol";
import { useEvery, useResource } from "../resource";
import { counted } from "../texts";
import { Ago, Head, Status } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

const FIRST = `from runyard import Endpoint, Workspace

endpoint = Endpoint.deploy(Workspace.from_config(), "digits", "mnist")
endpoint.wait(show_output=True)`;
/** Counts of requests wake nobody: who looks asks for them. */
export const COUNTS_MS = 5000;

/** What a deployment serves: `digits:3 by score.py`. */
export function servedBy({ spec }: DeploymentRecord): string {
  const how = spec.entry_script || spec.flavor;
  return spec.models.length ? `${spec.models.join(", ")} by ${how}` : how;
}

/** How many replicas of the revision that serves, or that comes, are ready. */
export function readyOf(one: DeploymentRecord): number {
  const current = one.coming ?? one.revision;
  return one.replicas.filter((each) => each.state === "ready" && each.revision === current).length;
}

const defaultOf = (endpoint: EndpointRecord) =>
  endpoint.deployments.find((one) => one.is_default) ?? endpoint.deployments[0];
const replicas = (endpoint: EndpointRecord) =>
  endpoint.deployments.reduce((sum, one) => sum + one.wanted, 0);
const took = (endpoint: EndpointRecord, share: number) =>
  quantile(together(endpoint.deployments.map((one) => one.latencies)), share);

const ORDERS: Record<string, (endpoint: EndpointRecord) => string | number> = {
  name: (one) => one.name,
  state: (one) => one.state,
  requests: (one) => one.requests,
  failures: (one) => one.failures,
  p50: (one) => took(one, 0.5) || 0,
  p99: (one) => took(one, 0.99) || 0,
  created: (one) => one.created_at,
};

export default function Endpoints({ workspace }: { workspace: string }) {
  const order = param("order");
  const [typed, setTyped] = useState(param("q"));
  useEffect(() => setParams({ q: typed }), [typed]);
  useEffect(() => {
    document.title = `Endpoints · ${workspace}`;
  }, [workspace]);
  const endpoints = useResource(`endpoints ${workspace}`, (signal) =>
    all((token) =>
      call(
        "endpoints.list",
        { workspace },
        { query: { page_size: 1000, page_token: token }, signal },
      ),
    ),
  );
  useLive(workspace, ["endpoints"], endpoints.refresh);
  useEvery(COUNTS_MS, endpoints.refresh);
  return (
    <>
      <Head title="Endpoints" />
      <div class="search">
        <input
          type="search"
          aria-label="Find an endpoint"
          placeholder="name, model or state"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      <Loaded of={endpoints} lines={8}>
        {(items) => {
          const low = typed.toLowerCase();
          const found = items.filter((one) =>
            [one.name, one.state, ...one.deployments.map(servedBy)].some((text) =>
              text.toLowerCase().includes(low),
            ),
          );
          return found.length ? (
            <Table
              label="Endpoints"
              columns={columns}
              rows={ordered(found, order)}
              id={(one) => one.name}
              href={(one) => to(["endpoints", workspace, one.name])}
              order={order}
              onOrder={(next) => setParams({ order: next }, true)}
              foot={counted(found.length, "endpoint")}
            />
          ) : (
            <Empty
              title={typed ? "No endpoint fits" : "No endpoint yet"}
              {...(typed ? {} : { code: FIRST })}
            >
              {typed ? undefined : "A registered model becomes one in a line."}
            </Empty>
          );
        }}
      </Loaded>
    </>
  );
}

function ordered(items: EndpointRecord[], order: string): EndpointRecord[] {
  const [name = "", direction] = order.split(" ");
  const key = ORDERS[name];
  if (!key) return items;
  const sign = direction === "desc" ? -1 : 1;
  return [...items].sort((left, right) => {
    const [one, other] = [key(left), key(right)];
    return sign * (one < other ? -1 : one > other ? 1 : 0);
  });
}

const columns: Column<EndpointRecord>[] = [
  {
    name: "name",
    title: "Endpoint",
    width: "minmax(8rem, 1fr)",
    order: "name",
    cell: (one) => one.name,
  },
  {
    name: "state",
    title: "State",
    width: "7.5rem",
    order: "state",
    cell: (one) => <Status of={one.state} />,
  },
  {
    name: "serves",
    title: "Serves",
    width: "minmax(9rem, 2fr)",
    cell: (one) => {
      const main = defaultOf(one);
      const more = one.deployments.length - 1;
      return main ? `${servedBy(main)}${more > 0 ? ` and ${more} more` : ""}` : "–";
    },
  },
  {
    name: "replicas",
    title: "Replicas",
    width: "4.5rem",
    number: true,
    cell: (one) =>
      `${one.deployments.reduce((sum, each) => sum + readyOf(each), 0)} of ${replicas(one)}`,
  },
  {
    name: "requests",
    title: "Requests",
    width: "5rem",
    number: true,
    order: "requests",
    cell: (one) => one.requests.toLocaleString("en-US"),
  },
  {
    name: "failures",
    title: "Failed",
    width: "3.5rem",
    number: true,
    order: "failures",
    cell: (one) =>
      one.failures ? <span class="wrong">{one.failures.toLocaleString("en-US")}</span> : "0",
  },
  ...([50, 99] as const).map((share): Column<EndpointRecord> => ({
    name: `p${share}`,
    title: `p${share}`,
    width: "5rem",
    number: true,
    order: `p${share}`,
    cell: (one) => short(took(one, share / 100)),
  })),
  {
    name: "created",
    title: "Created",
    width: "6rem",
    order: "created",
    cell: (one) => <Ago time={one.created_at} />,
  },
];
