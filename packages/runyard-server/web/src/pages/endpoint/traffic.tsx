// Who gets the requests of an endpoint, and how many replicas each deployment has: changed in place.
import { useState } from "preact/hooks";
import { call } from "../../api";
import { quantile, short } from "../../latencies";
import type { ChangeEndpoint, DeploymentRecord, EndpointRecord } from "../../protocol";
import { figure } from "../../texts";
import { Button, Card, Facts, Status, colour, link, say, told } from "../../ui/bits";
import { Count } from "../../ui/fields";
import { readyOf } from "../endpoints";

const WHOLE = 100;

export interface PartProps {
  endpoint: EndpointRecord;
  refresh: () => void;
}

export const where = ({ workspace, name }: EndpointRecord) => ({ workspace, endpoint: name });

/** Change the endpoint, and show it as it then is. */
export function change(
  endpoint: EndpointRecord,
  body: Partial<ChangeEndpoint>,
  refresh: () => void,
) {
  return told(call("endpoints.change", where(endpoint), { body }), refresh);
}

/** The split of the traffic, as one bar and as percents. */
export function Traffic({ endpoint, refresh }: PartProps) {
  const [draft, setDraft] = useState<Record<string, number>>({});
  const { deployments } = endpoint;
  const main = deployments.find((one) => one.is_default);
  if (deployments.length < 2 || !main) return null;
  const others = deployments.filter((one) => !one.is_default);
  const share = (one: DeploymentRecord) => draft[one.name] ?? one.percent;
  const rest = WHOLE - others.reduce((sum, one) => sum + share(one), 0);
  const now = (one: DeploymentRecord) => (one.is_default ? rest : share(one));
  const changed = others.some((one) => share(one) !== one.percent);
  const give = (traffic: Record<string, number>, more: Partial<ChangeEndpoint> = {}) =>
    change(endpoint, { traffic, ...more }, () => {
      setDraft({});
      refresh();
    });
  const present = Object.fromEntries(others.map((one) => [one.name, one.percent]));
  const promote = (name: string) => {
    const none = Object.fromEntries(
      deployments.filter((one) => one.name !== name).map((one) => [one.name, 0]),
    );
    void give(none, { default: name }).then(() =>
      say(`${name} gets all requests.`, () => void give(present, { default: main.name })),
    );
  };
  return (
    <Card
      title="Traffic"
      extra={
        changed && (
          <span class="actions">
            <Button kind="quiet" act={() => setDraft({})}>
              Discard
            </Button>
            <Button
              kind="main"
              disabled={rest < 0}
              act={() => void give(Object.fromEntries(others.map((one) => [one.name, share(one)])))}
            >
              Apply
            </Button>
          </span>
        )
      }
    >
      <div class="split" aria-hidden="true">
        {deployments.map((one) => (
          <i
            key={one.name}
            style={{ flexGrow: Math.max(0, now(one)), background: colour(one.name) }}
          />
        ))}
      </div>
      <ul class="list traffic">
        {deployments.map((one) => (
          <li key={one.name}>
            <i style={{ background: colour(one.name) }} />
            <b>{one.name}</b>
            {one.is_default ? (
              <span class={rest < 0 ? "wrong" : ""}>{rest} %, the default: all that is left</span>
            ) : (
              <>
                <label>
                  <Count
                    label={`Percent of ${one.name}`}
                    most={WHOLE}
                    value={share(one)}
                    onInput={(percent) => setDraft({ ...draft, [one.name]: percent })}
                  />
                  %
                </label>
                {one.mirror > 0 && <small>and copies of {one.mirror} %</small>}
                <Button act={() => promote(one.name)}>Promote</Button>
              </>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** A deployment with what it serves, how it does, and how many replicas it has. */
export function Deployment({ endpoint, of, refresh }: PartProps & { of: DeploymentRecord }) {
  const { scaling } = of.spec;
  const [least, setLeast] = useState<number>();
  const [most, setMost] = useState<number>();
  const [low, high] = [least ?? scaling.min_replicas, most ?? scaling.max_replicas];
  const { workspace } = endpoint;
  const { environment_lock: lock } = of;
  const segments = { ...where(endpoint), deployment: of.name };
  const done = () => {
    setLeast(undefined);
    setMost(undefined);
    refresh();
  };
  const scale = () => {
    const spec = { ...of.spec, scaling: { ...scaling, min_replicas: low, max_replicas: high } };
    void told(
      call("endpoints.deploy", segments, { body: { spec } }),
      done,
      `${of.name} has ${low === high ? low : `${low} to ${high}`} replicas now.`,
    );
  };
  const back = () =>
    void told(call("endpoints.rollback", segments, { body: {} }), done, `${of.name} goes back.`);
  const changed = low !== scaling.min_replicas || high !== scaling.max_replicas;
  const number = (label: string, value: number, set: (value: number) => void) => (
    <Count label={`${label} replicas of ${of.name}`} value={value} onInput={set} />
  );
  return (
    <Card title={of.name} extra={<Status of={of.state} />}>
      <Facts
        of={[
          [
            "Serves",
            <>
              {of.spec.models.map((id) => link(id, "models", workspace, ...id.split(":")))}{" "}
              <small>by {of.spec.entry_script || of.spec.flavor}</small>
            </>,
          ],
          ["Traffic", `${of.percent} %${of.is_default ? ", the default" : ""}`],
          ["Revision", of.coming ? `${of.revision || "–"}, ${of.coming} is coming` : of.revision],
          ["Ready", `${readyOf(of)} of ${of.wanted}`],
          ["Requests", `${figure(of.requests)}, ${figure(of.failures)} failed`],
          [
            "Answers in",
            `${short(quantile(of.latencies, 0.5))}, p99 ${short(quantile(of.latencies, 0.99))}`,
          ],
          [
            "Replicas",
            <span class="scale">
              {number("Fewest", low, setLeast)} to {number("Most", high, setMost)}
              <Button disabled={!changed || low > high} act={scale}>
                Scale
              </Button>
            </span>,
          ],
          [
            "Environment",
            lock !== null && link(lock.slice(0, 12), "environments", workspace, lock),
          ],
        ]}
      />
      {(of.error || of.reason) && <p class="wrong">{(of.error || of.reason).split("\n")[0]}</p>}
      {of.revision > 1 && <Button act={back}>Roll back</Button>}
    </Card>
  );
}
