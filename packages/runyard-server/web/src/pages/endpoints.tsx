// The endpoints of a workspace: how each stands, what it serves, how fast it answers.
import { param, to } from "../address";
import { quantile, short, together } from "../latencies";
import { useLive } from "../live";
import type { DeploymentRecord, EndpointRecord } from "../protocol";
import { useAll, useEvery } from "../resource";
import { Head } from "../ui/bits";
import { type Column, number, state, text, time } from "../ui/columns";
import { Search } from "../ui/fields";
import { Empty } from "../ui/states";
import { Listing } from "../ui/table";

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

const sum = (one: EndpointRecord, of: (each: DeploymentRecord) => number) =>
  one.deployments.reduce((so, each) => so + of(each), 0);
const took = (one: EndpointRecord, share: number) =>
  quantile(together(one.deployments.map((each) => each.latencies)), share);

function serves(one: EndpointRecord): string {
  const main = one.deployments.find((each) => each.is_default) ?? one.deployments[0];
  const more = one.deployments.length - 1;
  return main ? `${servedBy(main)}${more > 0 ? ` and ${more} more` : ""}` : "–";
}

const COLUMNS: Column<EndpointRecord>[] = [
  text("Endpoint", "minmax(8rem, 1fr)", (one) => one.name),
  state((one) => one.state),
  text("Serves", "minmax(9rem, 2fr)", serves),
  number("Replicas", "4.5rem", (one) => sum(one, readyOf), {
    cell: (one) => `${sum(one, readyOf)} of ${sum(one, (each) => each.wanted)}`,
  }),
  number("Requests", "5rem", (one) => one.requests),
  number("Failed", "4rem", (one) => one.failures, {
    cell: (one) => <span class={one.failures ? "wrong" : ""}>{one.failures}</span>,
  }),
  ...[50, 99].map((share) =>
    number<EndpointRecord>(`p${share}`, "5rem", (one) => took(one, share / 100) || null, {
      cell: (one) => short(took(one, share / 100)),
    }),
  ),
  time("Created", (one) => one.created_at),
];

export default function Endpoints({ workspace }: { workspace: string }) {
  const endpoints = useAll("endpoints.list", { workspace }, { query: { page_size: 1000 } });
  useLive(workspace, ["endpoints"], endpoints.refresh);
  useEvery(COUNTS_MS, endpoints.refresh);
  const wanted = param("q").toLowerCase();
  return (
    <>
      <Head title="Endpoints" trail={[[workspace, to(["runs", workspace])]]} />
      <div class="search">
        <Search label="Find an endpoint" placeholder="name, model or state" />
      </div>
      <Listing
        of={endpoints}
        only={(one) =>
          [one.name, one.state, ...one.deployments.map(servedBy)].some((each) =>
            each.toLowerCase().includes(wanted),
          )
        }
        label="Endpoints"
        noun="endpoint"
        sort="order"
        columns={COLUMNS}
        id={(one) => one.name}
        href={(one) => to(["endpoints", workspace, one.name])}
        command="runyard endpoints list"
      >
        {wanted ? (
          <Empty title="No endpoint fits" />
        ) : (
          <Empty title="No endpoint yet" code={FIRST}>
            A registered model becomes one in a line.
          </Empty>
        )}
      </Listing>
    </>
  );
}
