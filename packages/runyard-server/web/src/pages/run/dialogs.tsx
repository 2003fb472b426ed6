// What can be made of a run: another run of the same kind, and a model of its files.
import { useState } from "preact/hooks";
import { go, to } from "../../address";
import { call } from "../../api";
import type { RunRecord, RunSpec } from "../../protocol";
import { useAll } from "../../resource";
import { say } from "../../ui/bits";
import { Dialog, Field } from "../../ui/fields";

/** Submits the same again: same code, same environment, arguments as they are edited here. */
export function Again({ run, spec, close }: { run: RunRecord; spec: RunSpec; close: () => void }) {
  const command = spec.command.length > 0;
  const [text, setText] = useState((command ? spec.command : spec.arguments).join("\n"));
  const [target, setTarget] = useState(spec.target);
  const [name, setName] = useState("");
  const submit = async () => {
    const given = text.split("\n").filter((line, place, lines) => line || place < lines.length - 1);
    const words = command ? { command: given } : { arguments: given };
    const definition = { ...spec.definition, ...(command ? {} : words), target };
    const order = { ...spec, ...words, target, resumes: null, definition };
    const { workspace, tags, submitted_by } = run;
    const body = { spec: order, tags, submitted_by, ...(name ? { name } : {}) };
    const made = await call("runs.submit", { workspace }, { body });
    go(to(["runs", made.workspace, made.id]));
  };
  return (
    <Dialog title="Run again" act="Submit" onAct={submit} close={close}>
      <p class="faint">The same code and environment, as a new run of {run.experiment}.</p>
      <Field
        label={`${command ? "Command" : "Arguments"}, one on each line`}
        rows={Math.min(12, Math.max(3, text.split("\n").length))}
        mono
        value={text}
        onInput={setText}
      />
      <Field label="Target" value={target} onInput={setTarget} />
      <Field label="Name" placeholder="none" value={name} onInput={setName} />
    </Dialog>
  );
}

/** The folders that a path leads through. */
function above(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join("/"));
}

/** Registers files of a run as a model. */
export function Register({ run, close }: { run: RunRecord; close: () => void }) {
  const segments = { workspace: run.workspace, run: run.id };
  const query = { prefix: "outputs/", page_size: 1000 };
  const files = useAll("files.list", segments, { query });
  const paths = (files.data ?? []).map((file) => file.path);
  const folders = new Set(paths.flatMap(above));
  const [name, setName] = useState(run.experiment);
  const [path, setPath] = useState("");
  const [description, setDescription] = useState("");
  const register = async () => {
    const { workspace, id } = run;
    const body = { name, path, run: id, description };
    const model = await call("models.register", { workspace }, { body });
    say(`Model ${model.name} was registered as version ${model.version}.`);
    go(to(["models", run.workspace, model.name, String(model.version)]));
  };
  return (
    <Dialog title="Register a model" act="Register" onAct={register} close={close}>
      <Field label="Name" required value={name} onInput={setName} />
      <Field
        label="File or folder of the run"
        required
        placeholder={paths[0] ?? "outputs/model.pkl"}
        value={path}
        onInput={setPath}
        offers={[...folders, ...paths].slice(0, 500)}
      />
      <Field label="Description" rows={3} value={description} onInput={setDescription} />
    </Dialog>
  );
}
