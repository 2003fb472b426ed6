// Signing in: by the code of a one-time link, or by a token that is typed in.
import { useEffect, useState } from "preact/hooks";
import { go, place } from "./address";
import { enter, renew, signedIn } from "./api";

/** An address of our own to go on to, whatever the link says. */
function inside(next: string | null): string {
  // As the browser reads it: it takes tabs out, and a backslash for a slash.
  const target = URL.canParse(next ?? "", location.origin) && new URL(next ?? "", location.origin);
  if (!next?.startsWith("/") || !target || target.origin !== location.origin) return "/";
  return target.pathname === "/enter" ? "/" : target.pathname + target.search + target.hash;
}

/** The page of `/enter#code=…&next=…`, and what every page shows to who is not signed in. */
export function Enter() {
  const [error, setError] = useState("");
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);

  const sign = async (given: { code: string } | { token: string }, next: string | null) => {
    setBusy(true);
    setError("");
    try {
      // A link is clicked a second time in the browser that it has signed in.
      await enter(given).catch((failed) =>
        renew().catch(() => {
          throw failed;
        }),
      );
      if (next !== null || place.peek().path === "/enter") go(inside(next), true);
    } catch (failed) {
      setError((failed as Error).message);
    } finally {
      setBusy(false);
    }
  };

  useEffect(() => {
    document.title = "Sign in · Runyard";
    const given = new URLSearchParams(place.peek().hash);
    const code = given.get("code");
    if (!code || place.peek().path !== "/enter") return;
    // What is in the address stays in the browser's history; a code has no business there.
    window.history.replaceState(null, "", "/enter");
    signedIn.value = true;
    void sign({ code }, given.get("next"));
  }, []);

  return (
    <main class="enter">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void sign({ token: token.trim() }, null);
        }}
      >
        <h1>Runyard</h1>
        {busy ? (
          <p role="status">Signing in…</p>
        ) : (
          <>
            {error && (
              <p class="wrong" role="alert">
                {error}
              </p>
            )}
            <p>
              Print a link that signs you in, once, where the service runs:
              <br />
              <code>runyard studio</code>
            </p>
            <label>
              Or a token
              <input
                type="password"
                autocomplete="off"
                value={token}
                onInput={(event) => setToken(event.currentTarget.value)}
              />
            </label>
            <button type="submit" class="main" disabled={!token.trim()}>
              Sign in
            </button>
          </>
        )}
      </form>
    </main>
  );
}
