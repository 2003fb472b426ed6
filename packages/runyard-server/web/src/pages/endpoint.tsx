// An endpoint: how it stands, who gets its traffic, its replicas, its log, and a place to try it.
import { useEffect, useRef, useState } from "preact/hooks";
import { param, setParams, to } from "../address";
import { call } from "../api";
import { quantile, short, together } from "../latencies";
import { useLive } from "../live";
import type { EndpointRecord } from "../protocol";
import { useEvery, useResource } from "../resource";
import { figure } from "../texts";
import { Ago, Card, Copy, Facts, Head, Spark, Status, Tabs, say } from "../ui/bits";
import { History } from "../ui/history";
import { Failure, Loaded } from "../ui/states";
import { EditTags } from "../ui/tags";
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
  const endpoint = useResource(`${workspace} ${name}`, (signal) =>
    call("endpoints.get", { workspace, endpoint: name }, { signal }),
  );
  useLive(workspace, [`endpoint:${name}`], endpoint.refresh);
  useEvery(COUNTS_MS, endpoint.refresh);
  const state = endpoint.data?.state;
  useEffect(() => {
    document.title = `${name}${state ? `, ${state}` : ""} · Endpoints`;
  }, [name, state]);
  const here = to(["endpoints", workspace, name]);
  return (
    <>
      <Head
        title={
          <>
            {name} {state && <Status of={state} />}
          </>
        }
        trail={[["Endpoints", to(["endpoints", workspace])]]}
      >
        {endpoint.data?.address && (
          <Copy text={`${endpoint.data.address}/score`}>Copy address</Copy>
        )}
      </Head>
      <Tabs
        of={[
          ["Overview", here],
          ["Try it", `${here}/try`],
          ["Logs", `${here}/logs`],
        ]}
      />
      <Loaded of={endpoint} lines={10}>
        {(found) =>
          tab === "try" ? (
            <Try key={found.name} endpoint={found} />
          ) : tab === "logs" ? (
            <Logs endpoint={found} />
          ) : tab === "" ? (
            <Overview key={found.name} endpoint={found} refresh={endpoint.refresh} />
          ) : (
            <Failure error={new Error(`An endpoint has no part called ${tab}.`)} />
          )
        }
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
      <Figures endpoint={endpoint} />
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
            change={(tags, removed_tags) => {
              const given = Object.entries(tags).map(([key, value]) => [key, value ?? ""]);
              return change(endpoint, { tags: Object.fromEntries(given), removed_tags }, refresh);
            }}
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

function Figures({ endpoint }: { endpoint: EndpointRecord }) {
  const rates = useRate(endpoint.requests);
  const all = together(endpoint.deployments.map((one) => one.latencies));
  const queue = endpoint.deployments.reduce((sum, one) => sum + one.queue, 0);
  const figures: [string, string, boolean?][] = [
    ["requests", figure(endpoint.requests)],
    ["failed", figure(endpoint.failures), endpoint.failures > 0],
    ["a second", rates.length ? figure(Number((rates.at(-1) ?? 0).toPrecision(3))) : "–"],
    ["p50", short(quantile(all, 0.5))],
    ["p99", short(quantile(all, 0.99))],
    ["waiting", figure(queue)],
  ];
  return (
    <Card>
      <dl class="figures tight">
        {figures.map(([name, value, bad]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class={bad ? "wrong" : ""}>
              {value} {name === "a second" && <Spark values={rates} width={60} />}
            </dd>
          </div>
        ))}
      </dl>
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
    const keys = await call("endpoints.keys", where(endpoint));
    return [
      ["primary", keys.primary],
      ["secondary", keys.secondary],
    ];
  };
  const show = () => {
    ask().then(setShown, (error: Error) => say(error.message));
  };
  return shown.length ? (
    <>
      {shown.map(([name, value]) => (
        <div key={name} class="key">
          <small>{name}</small> <code>{value}</code> <Copy text={value} />
        </div>
      ))}
      <button type="button" class="quiet" onClick={() => setShown([])}>
        Hide
      </button>
    </>
  ) : (
    <>
      a {auth}{" "}
      <button type="button" class="quiet" onClick={show}>
        Show {auth === "key" ? "keys" : "one"}
      </button>
    </>
  );
}

function Replicas({ endpoint }: { endpoint: EndpointRecord }) {
  const every = endpoint.deployments.flatMap((one) => one.replicas);
  return (
    <Card title="Replicas">
      {every.length === 0 && <p class="faint">None now.</p>}
      {every.length > 0 && (
        <div class="diff" tabIndex={0} role="group" aria-label="Replicas">
          <table class="plain loose">
            <thead>
              <tr>
                {["Replica", "Of", "State", "Since", "Restarts", "Why"].map((name) => (
                  <th key={name}>{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {every.map((one) => (
                <tr key={one.run}>
                  <td>
                    <a href={to(["runs", endpoint.workspace, one.run, "logs"])}>{one.run}</a>
                  </td>
                  <td>
                    {one.deployment}/{one.revision}
                  </td>
                  <td>
                    <Status of={one.state} />
                  </td>
                  <td>
                    <Ago time={one.since} />
                  </td>
                  <td>{one.restarts}</td>
                  <td>{one.reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function Logs({ endpoint }: { endpoint: EndpointRecord }) {
  const deployment = param("deployment");
  const end = useRef<HTMLPreElement>(null);
  const log = useResource(`log ${endpoint.name} ${deployment}`, (signal) =>
    call("endpoints.logs", where(endpoint), {
      query: { lines: LINES, ...(deployment && { deployment }) },
      signal,
    }),
  );
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
        <select
          aria-label="Deployment"
          value={deployment}
          onChange={(event) => setParams({ deployment: event.currentTarget.value })}
        >
          <option value="">All deployments</option>
          {endpoint.deployments.map((one) => (
            <option key={one.name}>{one.name}</option>
          ))}
        </select>
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
