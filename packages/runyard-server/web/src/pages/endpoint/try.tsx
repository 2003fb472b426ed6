// Trying an endpoint: a request made from what its model takes, and the answer with its time.
import { useEffect, useState } from "preact/hooks";
import { param, setParams } from "../../address";
import { call } from "../../api";
import { DIGIT, pictureOf } from "../../pixels";
import type { EndpointAnswer, EndpointRecord } from "../../protocol";
import { useResource } from "../../resource";
import { shell } from "../../texts";
import { Card } from "../../ui/bits";
import { Choice, Switch } from "../../ui/fields";
import { Pad } from "../../ui/pad";
import { parsed } from "../../ui/reading";
import { Code, Loaded } from "../../ui/states";
import { Answer } from "./answer";

interface Input {
  name: string;
  datatype: string;
  shape: number[];
}

interface Taken {
  inputs: Input[];
  example: unknown;
}

const FIELDS = 64;
const SHOWN = 160;
const [FORM, DRAW, JSON_TEXT] = ["Form", "Draw", "JSON"] as const;

/** What an endpoint takes, as its script's schema or its model's signature tells. */
async function taken(endpoint: EndpointRecord, signal: AbortSignal): Promise<Taken> {
  const segments = { workspace: endpoint.workspace, endpoint: endpoint.name };
  const asked = async (path: string): Promise<Record<string, unknown>> => {
    const answer = await call("endpoints.call", segments, { body: { path }, signal });
    const value = answer.status < 400 ? parsed(answer.body) : undefined;
    return value && typeof value === "object" ? (value as Record<string, unknown>) : {};
  };
  const main = endpoint.deployments.find((one) => one.is_default) ?? endpoint.deployments[0];
  const ready = main?.replicas.some((one) => one.state === "ready");
  // Asking would wait for a start.
  if (!ready) return { inputs: [], example: undefined };
  const model = (main?.spec.models[0] ?? endpoint.name).split(":")[0] ?? "";
  const [described, signature] = await Promise.all([
    asked("/swagger.json?version=2"),
    asked(`/v2/models/${encodeURIComponent(model)}`),
  ]);
  const definitions = described["definitions"] as
    { ServiceInput?: { example?: unknown } } | undefined;
  const told = Array.isArray(signature["inputs"]) ? (signature["inputs"] as Input[]) : [];
  // Of a script without a schema nothing is known but that it is given a text.
  const inputs = main?.spec.flavor === "script" ? [] : told;
  return { inputs, example: definitions?.ServiceInput?.example };
}

/** A request with a row for each input: the first alone is `data`. */
export function bodyOf(inputs: Input[], rows: Record<string, unknown>): unknown {
  const [only] = inputs;
  if (inputs.length <= 1) return { data: [rows[only?.name ?? "data"]] };
  return Object.fromEntries(inputs.map((input) => [input.name, [rows[input.name]]]));
}

const sizeOf = (input: Input) =>
  input.shape.slice(1).reduce((size, axis) => size * Math.max(1, axis), 1);

/** Text as a cell of a row: a number where the input has numbers. */
function cell(text: string, datatype: string): unknown {
  if (datatype === "BYTES") return text;
  if (datatype === "BOOL") return /^(true|1|yes)$/i.test(text.trim());
  const value = Number(text);
  return text.trim() && Number.isFinite(value) ? value : 0;
}

export function Try({ endpoint }: { endpoint: EndpointRecord }) {
  const ready = endpoint.deployments.some((one) =>
    one.replicas.some((replica) => replica.state === "ready"),
  );
  const found = useResource(`takes ${endpoint.workspace} ${endpoint.name} ${ready}`, (signal) =>
    taken(endpoint, signal),
  );
  return (
    <Loaded of={found} lines={8}>
      {(takes) => <Form endpoint={endpoint} takes={takes} />}
    </Loaded>
  );
}

function Form({ endpoint, takes }: { endpoint: EndpointRecord; takes: Taken }) {
  const { inputs, example } = takes;
  const picture = inputs.length === 1 ? pictureOf(inputs[0]?.shape ?? []) : null;
  const small = inputs.length > 0 && inputs.every((input) => sizeOf(input) <= FIELDS);
  const modes: string[] = [
    ...(small && !picture ? [FORM] : []),
    ...(picture || inputs.length === 0 ? [DRAW] : []),
    JSON_TEXT,
  ];
  const wanted = param("by");
  const first = inputs.length === 0 ? JSON_TEXT : modes[0];
  const mode = modes.includes(wanted) ? wanted : (first ?? JSON_TEXT);
  const [text, setText] = useState(() =>
    JSON.stringify(example ?? { data: [inputs.length === 1 ? zeros(inputs[0]) : [1, 2, 3]] }),
  );
  const [deployment, setDeployment] = useState("");
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<EndpointAnswer | Error>();
  const valid = isJson(text);
  const send = async () => {
    setBusy(true);
    const segments = { workspace: endpoint.workspace, endpoint: endpoint.name };
    const body = { body: text, ...(deployment && { deployment }) };
    setAnswer(await call("endpoints.call", segments, { body }).catch((error: Error) => error));
    setBusy(false);
  };
  return (
    <div class="stack">
      <div class="cards">
        <Card
          title="Request"
          extra={
            <Switch label="Made by" of={modes} at={mode} to={(by) => setParams({ by }, true)} />
          }
        >
          <form
            class="stack"
            onSubmit={(event) => {
              event.preventDefault();
              void send();
            }}
          >
            {mode === FORM ? (
              <Fields
                inputs={inputs}
                onChange={(rows) => setText(JSON.stringify(bodyOf(inputs, rows)))}
              />
            ) : mode === DRAW ? (
              // Where nothing tells what the model takes: the digits of MNIST.
              <Pad
                shape={picture ?? DIGIT}
                onChange={(numbers) => setText(JSON.stringify({ data: [numbers] }))}
              />
            ) : (
              <textarea
                class="mono request"
                rows={10}
                aria-label="Request as JSON"
                spellcheck={false}
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
                onKeyDown={(event) => {
                  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
                }}
              />
            )}
            <div class="actions">
              <button type="submit" class="main" disabled={busy}>
                {busy ? "Sending…" : "Send"}
              </button>
              {endpoint.deployments.length > 1 && (
                <Choice
                  label="Deployment"
                  value={deployment}
                  onPick={setDeployment}
                  of={[
                    ["", "by the traffic split"],
                    ...endpoint.deployments.map((one) => one.name),
                  ]}
                />
              )}
              {!valid && <small>Not JSON: it is sent as a text.</small>}
            </div>
          </form>
        </Card>
        <Card title="Answer">
          <div class="answer" aria-live="polite">
            {answer instanceof Error ? (
              <p class="wrong">{answer.message}</p>
            ) : answer ? (
              <Answer of={answer} />
            ) : (
              <p class="faint">Nothing has been sent yet.</p>
            )}
          </div>
        </Card>
      </div>
      <Lines endpoint={endpoint} text={text} deployment={deployment} />
    </div>
  );
}

function zeros(input: Input | undefined): unknown {
  const size = input ? sizeOf(input) : 0;
  return size > 0 && size <= 4096 ? Array.from({ length: size }, () => 0) : [1, 2, 3];
}

const isJson = (text: string) => parsed(text) !== undefined;

interface FieldsProps {
  inputs: Input[];
  onChange: (rows: Record<string, unknown>) => void;
}

function Fields({ inputs, onChange }: FieldsProps) {
  const [cells, setCells] = useState<Record<string, string[]>>({});
  const row = (input: Input, given: Record<string, string[]>): unknown => {
    const size = sizeOf(input);
    const values = Array.from({ length: size }, (_, place) =>
      cell(given[input.name]?.[place] ?? "", input.datatype),
    );
    return input.shape.length > 1 ? values : values[0];
  };
  const tell = (given: Record<string, string[]>) =>
    onChange(Object.fromEntries(inputs.map((input) => [input.name, row(input, given)])));
  useEffect(() => tell(cells), []);
  const set = (input: Input, place: number, value: string) => {
    const mine = [...(cells[input.name] ?? [])];
    mine[place] = value;
    const next = { ...cells, [input.name]: mine };
    setCells(next);
    tell(next);
  };
  return (
    <div class="stack">
      {inputs.map((input) => (
        <fieldset key={input.name} class="fields">
          <legend>
            {input.name} <small>{input.datatype}</small>
          </legend>
          {Array.from({ length: sizeOf(input) }, (_, place) => (
            <input
              key={place}
              aria-label={`${input.name} ${place + 1}`}
              inputMode={input.datatype === "BYTES" ? "text" : "decimal"}
              placeholder={input.datatype === "BYTES" ? "text" : "0"}
              value={cells[input.name]?.[place] ?? ""}
              onInput={(event) => set(input, place, event.currentTarget.value)}
            />
          ))}
        </fieldset>
      ))}
    </div>
  );
}

interface LinesProps {
  endpoint: EndpointRecord;
  text: string;
  deployment: string;
}

function Lines({ endpoint, text, deployment }: LinesProps) {
  const { name, address, access } = endpoint;
  const long = text.length > SHOWN;
  const what = access.auth === "token" ? "--token" : "--key";
  const curl = [
    ...(access.auth === "none" ? [] : [`KEY=$(runyard endpoints show ${name} ${what})`]),
    [
      `curl ${address}/score`,
      `-H ${isJson(text) ? "'Content-Type: application/json'" : "'Content-Type: text/plain'"}`,
      ...(access.auth === "none" ? [] : [`-H "Authorization: Bearer $KEY"`]),
      ...(deployment ? [`-H 'runyard-deployment: ${deployment}'`] : []),
      `-d ${long ? "@request.json" : shell(text)}`,
    ].join(" \\\n  "),
  ].join("\n");
  const data = long ? 'json.load(open("request.json"))' : python(text);
  const more = deployment ? `, deployment="${deployment}"` : "";
  const script = `${long ? "import json\n" : ""}from runyard import Endpoint, Workspace\n\nendpoint = Endpoint(Workspace.from_config(), "${name}")\nprint(endpoint.call(${data}${more}))`;
  return (
    <details class="use">
      <summary>This request from a shell and from Python</summary>
      <Code text={curl} />
      <Code text={script} />
      {long && (
        <a
          class="button"
          download="request.json"
          href={`data:application/json;charset=utf-8,${encodeURIComponent(text)}`}
        >
          Save request.json
        </a>
      )}
    </details>
  );
}

/** JSON as Python writes it; another text as a literal. */
export function python(text: string): string {
  if (!isJson(text)) return JSON.stringify(text);
  const words: Record<string, string> = { true: "True", false: "False", null: "None" };
  return text.replace(/"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b/g, (word) => words[word] ?? word);
}
