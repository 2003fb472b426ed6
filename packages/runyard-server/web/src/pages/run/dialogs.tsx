// What can be made of a run: another run of the same kind, and a model of its files.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, to } from "../../address";
import { all, call } from "../../api";
import type { RunRecord, RunSpec } from "../../protocol";
import { useResource } from "../../resource";
import { say } from "../../ui/bits";

interface DialogProps {
  title: string;
  act: string;
  onAct: () => Promise<void>;
  close: () => void;
  children: ComponentChildren;
}

function Dialog({ title, act, onAct, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    onAct().then(close, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <dialog ref={dialog} class="dialog" aria-label={title} onClose={close}>
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        <p class="wrong" role="alert">
          {error}
        </p>
        <div class="actions">
          <button type="submit" class="main" disabled={busy}>
            {act}
          </button>
          <button type="button" onClick={close}>
            Leave it
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface AgainProps {
  run: RunRecord;
  spec: RunSpec;
  close: () => void;
}

/** Submits the same again: same code, same environment, arguments as they are edited here. */
export function Again({ run, spec, close }: AgainProps) {
  const command = spec.command.length > 0;
  const [text, setText] = useState((command ? spec.command : spec.arguments).join("\n"));
  const [target, setTarget] = useState(spec.target);
  const [name, setName] = useState("");
  const submit = async () => {
    const given = text.split("\n").filter((line, place, lines) => line || place < lines.length - 1);
    const words = command ? { command: given } : { arguments: given };
    const definition = { ...spec.definition, ...(command ? {} : words), target };
    const made = await call(
      "runs.submit",
      { workspace: run.workspace },
      {
        body: {
          spec: { ...spec, ...words, target, resumes: null, definition },
          tags: run.tags,
          submitted_by: run.submitted_by,
          ...(name ? { name } : {}),
        },
      },
    );
    go(to(["runs", made.workspace, made.id]));
  };
  return (
    <Dialog title="Run again" act="Submit" onAct={submit} close={close}>
      <p class="faint">The same code and environment, as a new run of {run.experiment}.</p>
      <label>
        {command ? "Command" : "Arguments"}, one on each line
        <textarea
          rows={Math.min(12, Math.max(3, text.split("\n").length))}
          class="mono"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <label>
        Target
        <input value={target} onInput={(event) => setTarget(event.currentTarget.value)} />
      </label>
      <label>
        Name
        <input
          placeholder="none"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}

/** Registers files of a run as a model. */
export function Register({ run, close }: { run: RunRecord; close: () => void }) {
  const segments = { workspace: run.workspace, run: run.id };
  const files = useResource(`outputs ${run.id}`, (signal) =>
    all((token) =>
      call("files.list", segments, {
        query: { prefix: "outputs/", page_size: 1000, page_token: token },
        signal,
      }),
    ),
  );
  const paths = (files.data ?? []).map((file) => file.path);
  const folders = [
    ...new Set(
      paths.flatMap((path) => {
        const parts = path.split("/");
        return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join("/"));
      }),
    ),
  ];
  const [name, setName] = useState(run.experiment);
  const [path, setPath] = useState("");
  const [description, setDescription] = useState("");
  const register = async () => {
    const model = await call(
      "models.register",
      { workspace: run.workspace },
      { body: { name, path, run: run.id, description } },
    );
    say(`Model ${model.name} was registered as version ${model.version}.`);
    go(to(["models", run.workspace, model.name, String(model.version)]));
  };
  return (
    <Dialog title="Register a model" act="Register" onAct={register} close={close}>
      <label>
        Name
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label>
        File or folder of the run
        <input
          required
          list="run-paths"
          placeholder={paths[0] ?? "outputs/model.pkl"}
          value={path}
          onInput={(event) => setPath(event.currentTarget.value)}
        />
        <datalist id="run-paths">
          {[...folders, ...paths].slice(0, 500).map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <label>
        Description
        <textarea
          rows={3}
          value={description}
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}
