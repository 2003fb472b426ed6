// TensorBoard over runs: the service's own, in a frame below the studio's head.
import { useEffect } from "preact/hooks";
import { go, to } from "../address";
import { call } from "../api";
import type { BoardRecord } from "../protocol";
import { useResource } from "../resource";
import { Head, say } from "../ui/bits";
import { Failure, Loaded, Skeleton } from "../ui/states";

const LOOK_MS = 700;

/** Start a TensorBoard of runs and go to its page. */
export function openBoard(workspace: string, runs: string[]): void {
  call("tensorboard.start", { workspace }, { body: { runs } }).then(
    (board) => go(to(["boards", workspace, board.id])),
    (error: Error) => say(error.message),
  );
}

export default function BoardPage({ workspace, board: id }: Record<"workspace" | "board", string>) {
  const board = useResource(`${workspace} ${id}`, (signal) =>
    call("tensorboard.get", { workspace, board: id }, { signal }),
  );
  const state = board.data?.state;
  useEffect(() => {
    document.title = "TensorBoard · Runyard";
  }, []);
  useEffect(() => {
    if (state !== "starting") return;
    const timer = setInterval(board.refresh, LOOK_MS);
    return () => clearInterval(timer);
  }, [state, board.refresh]);
  return (
    <Loaded of={board} lines={6}>
      {(found) => (
        <>
          <BoardHead board={found} />
          {found.state === "ready" && <iframe class="board" title="TensorBoard" src={found.path} />}
          {found.state === "starting" && (
            <>
              <p class="faint">TensorBoard starts. The first time it is installed, too.</p>
              <Skeleton lines={8} />
            </>
          )}
          {found.state === "failed" && (
            <Failure
              error={new Error(found.error || "TensorBoard has ended.")}
              retry={() => openBoard(workspace, found.runs)}
            />
          )}
        </>
      )}
    </Loaded>
  );
}

function BoardHead({ board }: { board: BoardRecord }) {
  const { workspace, runs } = board;
  const stop = () => {
    call("tensorboard.stop", { workspace, board: board.id }).then(
      () => go(to(runs[1] ? ["runs", workspace] : ["runs", workspace, runs[0] ?? ""])),
      (error: Error) => say(error.message),
    );
  };
  return (
    <Head
      title={
        <>
          TensorBoard <small>{runs.length === 1 ? runs[0] : `${runs.length} runs`}</small>
        </>
      }
      trail={[
        ["Runs", to(["runs", workspace])],
        ...(runs.length === 1
          ? [["Run", to(["runs", workspace, ...runs])] as [string, string]]
          : []),
      ]}
    >
      <button type="button" onClick={stop}>
        Stop
      </button>
    </Head>
  );
}
