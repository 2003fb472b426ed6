// An endpoint: how it stands, who gets its traffic, its replicas, its log, and a place to try it.
import { useEffect, useRef, useState } from "preact/hooks";
import { param, to } from "../address";
import { call } from "../api";
import { quantile, short, together } from "../latencies";
import { useLive } from "../live";
import type { EndpointRecord, ReplicaRecord } from "../protocol";
import { useCall, useEvery } from "../resource";
import { figure } from "../texts";
import { Ago, Button, Card, Copy, Facts, Figures, Head, Spark, Status, told } from "../ui/bits";
import { type Column, leads, number, state, text, time } from "../ui/columns";
import { Choice } from "../ui/fields";
import { History } from "../ui/history";
import { type Part, PartTabs, partOf } from "../ui/parts";
import { Loaded } from "../ui/states";
import { Listing } from "../ui/table";
import { EditTags, asTexts } from "../ui/tags";
import { COUNTS_MS } from "./endpoints";
import { change, Deployment, type PartProps, Traffic, where } from "./endpoint/traffic";
import { Try } from "./endpoint/try";

const LINES = 2000;

interface EndpointProps {
  workspace: string;
  endpoint: string;
  tab?: string;
}

export default function Endpoint({ workspace, endpoint: name, tab = "" }: EndpointProps) {
  const endpoint = useCall("endpoints.get", { workspace, endpoint: name });
  useLive(workspace, [`endpoint:${name}`], endpoint.refresh);
  useEvery(COUNTS_MS, endpoint.refresh);
  const at = endpoint.data?.state;
  const here = to(["endpoints", workspace, name]);
  const parts: Record<string, Part<EndpointRecord>> = {
    "": ["Overview", (one) => <Overview key={name} endpoint={one} refresh={endpoint.refresh} />],
    try: ["Try it", (one) => <Try key={name} endpoint={one} />],
    logs: ["Logs", (one) => <Logs endpoint={one} />],
  };
  return (
    <>
      <Head
        name={at ? `${name}, ${at}` : name}
        title={name}
        beside={at && <Status of={at} />}
        trail={[["Endpoints", to(["endpoints", workspace])]]}
      >
        {endpoint.data?.address && (
          <Copy text={`${endpoint.data.address}/score`}>Copy address</Copy>
        )}
      </Head>
      <PartTabs here={here} of={parts} />
      <Loaded of={endpoint} lines={10}>
        {partOf(parts, tab, "An endpoint")}
      </Loaded>
    </>
  );
}

function Overview({ endpoint, refresh }: PartProps) {
  const why = endpoint.error || endpoint.reason;
  return (
    <div class="stack">
      {why && (
        <section class={`card ${endpoint.error ? "failed" : "warned"}`}>
          <h2>{why.split("\n")[0]}</h2>
          {why.includes("\n") && <pre class="tail">{why}</pre>}
        </section>
      )}
      <Counts endpoint={endpoint} />
      <Traffic endpoint={endpoint} refresh={refresh} />
      <div class="cards">
        {endpoint.deployments.map((one) => (
          <Deployment key={one.name} endpoint={endpoint} of={one} refresh={refresh} />
        ))}
        <Card title="Endpoint">
          <Facts
            of={[
              ["Address", endpoint.address ? <code>{endpoint.address}</code> : "–"],
              ["Opened by", <Opens endpoint={endpoint} />],
              ["Answers to", endpoint.access.protocols.join(", ")],
              ["Last request", <Ago time={endpoint.last_request_at} />],
              ["Created", <Ago time={endpoint.created_at} />],
              ["By", endpoint.created_by || "–"],
              ["Description", endpoint.description || "–"],
            ]}
          />
        </Card>
        <Card title="Tags">
          <EditTags
            tags={endpoint.tags}
            change={(tags, removed_tags) =>
              change(endpoint, { tags: asTexts(tags), removed_tags }, refresh)
            }
          />
        </Card>
      </div>
      <Replicas endpoint={endpoint} />
      <History workspace={endpoint.workspace} kind="endpoint" subject={endpoint.name} />
    </div>
  );
}

interface Look {
  at: number;
  requests: number;
}

const LOOKS = 60;

/** Requests a second, from one look to the next. */
function useRate(requests: number): number[] {
  const looks = useRef<Look[]>([]);
  const last = looks.current.at(-1);
  const now = performance.now();
  if (!last || now - last.at > COUNTS_MS * 0.6)
    looks.current = [...looks.current.slice(-LOOKS), { at: now, requests }];
  return looks.current.slice(1).map((look, place) => {
    const before = looks.current[place] ?? look;
    return Math.max(0, (1000 * (look.requests - before.requests)) / (look.at - before.at || 1));
  });
}

function Counts({ endpoint }: { endpoint: EndpointRecord }) {
  const rates = useRate(endpoint.requests);
  const all = together(endpoint.deployments.map((one) => one.latencies));
  const queue = endpoint.deployments.reduce((sum, one) => sum + one.queue, 0);
  return (
    <Card>
      <Figures
        tight
        of={[
          ["requests", endpoint.requests],
          ["failed", <span class={endpoint.failures ? "wrong" : ""}>{endpoint.failures}</span>],
          [
            "a second",
            <>
              {figure(rates.at(-1))} <Spark values={rates} width={60} />
            </>,
          ],
          ["p50", short(quantile(all, 0.5))],
          ["p99", short(quantile(all, 0.99))],
          ["waiting", queue],
        ]}
      />
    </Card>
  );
}

/** What opens the endpoint, shown when it is asked for and forgotten with the page. */
function Opens({ endpoint }: { endpoint: EndpointRecord }) {
  const [shown, setShown] = useState<[string, string][]>([]);
  const { auth } = endpoint.access;
  if (auth === "none") return <>anybody who reaches it</>;
  const ask = async (): Promise<[string, string][]> => {
    if (auth === "token")
      return [["token", (await call("endpoints.token", where(endpoint))).token]];
    const { primary, secondary } = await call("endpoints.keys", where(endpoint));
    return Object.entries({ primary, secondary });
  };
  const show = () => void told(ask(), setShown);
  return shown.length ? (
    <>
      {shown.map(([name, value]) => (
        <div key={name} class="key">
          <small>{name}</small> <code>{value}</code> <Copy text={value} />
        </div>
      ))}
      <Button kind="quiet" act={() => setShown([])}>
        Hide
      </Button>
    </>
  ) : (
    <>
      a {auth}{" "}
      <Button kind="quiet" act={show}>
        Show {auth === "key" ? "keys" : "one"}
      </Button>
    </>
  );
}

const runOf = (one: ReplicaRecord) => one.run;
const of = (one: ReplicaRecord) => `${one.deployment}/${one.revision}`;

function Replicas({ endpoint: { workspace, deployments } }: { endpoint: EndpointRecord }) {
  const every = deployments.flatMap((one) => one.replicas);
  const columns: Column<ReplicaRecord>[] = [
    leads("Replica", "minmax(14rem, 2fr)", runOf, (one) => ["runs", workspace, one.run, "logs"]),
    text("Of", "8rem", of),
    state((one) => one.state),
    time("Since", (one) => one.since),
    number("Restarts", "5rem", (one) => one.restarts),
    text("Why", "minmax(9rem, 1fr)", (one) => one.reason),
  ];
  return (
    <Card title="Replicas">
      <Listing of={every} noun="replica" columns={columns} id={(one) => one.run}>
        None now.
      </Listing>
    </Card>
  );
}

function Logs({ endpoint }: { endpoint: EndpointRecord }) {
  const deployment = param("deployment");
  const end = useRef<HTMLPreElement>(null);
  const query = { lines: LINES, ...(deployment && { deployment }) };
  const log = useCall("endpoints.logs", where(endpoint), { query });
  useEvery(COUNTS_MS, log.refresh);
  useEffect(() => {
    const place = end.current;
    // Who has scrolled up reads.
    if (place && place.scrollHeight - place.scrollTop - place.clientHeight < 400)
      place.scrollTop = place.scrollHeight;
  }, [log.data?.text]);
  return (
    <>
      <div class="search">
        <Choice
          label="Deployment"
          name="deployment"
          of={[["", "All deployments"], ...endpoint.deployments.map((one) => one.name)]}
        />
        {log.data && <Copy text={log.data.text} />}
      </div>
      <Loaded of={log} lines={10}>
        {({ text }) => (
          <pre class="tail whole" ref={end} tabIndex={0}>
            {text || "Nothing has been printed yet."}
          </pre>
        )}
      </Loaded>
    </>
  );
}
