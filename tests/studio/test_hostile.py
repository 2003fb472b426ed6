"""What jobs wrote is shown in the pages as it is, and nothing of it ever acts."""

import hashlib
import json
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

NASTY = '"><img src=x onerror="window.gone=1"><script>window.gone=1</script>'
REPORT = b"""<p id="said">nothing</p><script>
const said = [];
try { said.push("cookie " + document.cookie); } catch { said.push("no cookie"); }
try { parent.document.title = "gone"; } catch { said.push("no parent"); }
fetch("/api/v1/about").then(() => said.push("asked"), () => said.push("no answer"))
  .then(() => { document.getElementById("said").textContent = said.join(", "); });
</script>"""
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="parent.gone=1">
<script>window.gone=1; parent.gone=1</script><circle r="20"/></svg>"""
LOG = f"\x1b[31mred\x1b[0m \x1b]0;gone\x07 {NASTY}\rover\n".encode()


@pytest.fixture
def run(filled):
    """A run whose every text is hostile."""
    base = f"{filled.service.url}/api/v1/workspaces/{filled.names['workspace']}"

    def send(method: str, path: str, body: bytes) -> bytes:
        headers = {"Authorization": f"Bearer {filled.service.token}"}
        with urlopen(Request(base + path, body, headers, method=method)) as answer:
            return answer.read()

    given = {
        "experiment": "hostile",
        "name": NASTY,
        "tags": {NASTY[:200]: NASTY},
        "properties": {"p": NASTY},
        "params": {"rate": NASTY},
    }
    made = json.loads(send("POST", "/interactive-runs", json.dumps(given).encode()))["id"]
    files = []
    for path, content in (("outputs/r.html", REPORT), ("outputs/p.svg", SVG)):
        digest = hashlib.sha256(content).hexdigest()
        send("PUT", f"/blobs/{digest}", content)
        files.append({"path": path, "digest": digest, "size": len(content)})
    send("POST", f"/runs/{made}/files", json.dumps({"files": files}).encode())
    send("PUT", f"/runs/{made}/logs/logs/out.txt?offset=0", LOG)
    change = json.dumps({"description": NASTY, "warnings": [NASTY]}).encode()
    send("PATCH", f"/runs/{made}", change)
    return f"/runs/{filled.names['workspace']}/{made}"


def test_texts_are_texts(visit, run):
    """Names, tags, parameters, warnings and logs stand in the pages letter by letter."""
    tab = visit()
    for part in ("", "/logs/logs/out.txt", "/events", "/files/outputs/p.svg"):
        page = tab.open(run + part)
        page.get_by_text("onerror=").first.wait_for()
        assert page.evaluate("window.gone") is None, part
        assert page.title() != "gone"
    expect(page.locator("img.picture")).to_have_count(1)


def test_a_report_is_shut_in(visit, run):
    """A page that a job made runs in its frame: without cookies, without a way out of it."""
    tab = visit()
    page = tab.open(f"{run}/files/outputs/r.html")
    said = page.frame_locator("iframe.report").get_by_text("no answer")
    said.wait_for()
    expect(said).to_have_text("no cookie, no parent, no answer")
    assert page.title() != "gone"
    # The browser tells what it refused the frame.
    tab.forgive("violates|sandbox|Refused|Blocked|blocked|Failed to read|about")


def test_a_link_to_a_hostile_file_keeps_it(visit, run, filled):
    """Who follows a link to the file itself gets a download, and no page."""
    tab = visit()
    workspace, made = run.split("/")[2:]
    path = f"/api/v1/workspaces/{workspace}/runs/{made}/files/outputs/p.svg"
    tab.open(run)
    with tab.page.expect_download() as kept:
        tab.page.evaluate("path => { location.href = path }", path)
    assert kept.value.suggested_filename.startswith("p")
