"""A TensorBoard in fifty lines: it listens, has a child, and tells what it was asked and shows."""

from pathlib import Path

MAIN = """
import argparse, json, os, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
for name in ("logdir", "host", "path_prefix"):
    parser.add_argument("--" + name, default="")
parser.add_argument("--port", type=int)
given, _ = parser.parse_known_args()
# As the data server is one.
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])

class Handler(BaseHTTPRequestHandler):
    def log_request(self, code="-", size="-"):
        pass
    def do_GET(self):
        path = self.path.partition("?")[0]
        if not path.startswith(given.path_prefix + "/"):
            self.send_error(404)
            return
        files = {os.path.relpath(os.path.join(at, name), given.logdir):
                 os.path.getsize(os.path.join(at, name))
                 for at, _, names in os.walk(given.logdir) for name in names}
        size = int(self.headers.get("Content-Length", 0))
        told = {"files": files, "pids": [os.getpid(), child.pid], "path": self.path,
                "method": self.command, "headers": dict(self.headers),
                "version": self.request_version, "body": self.rfile.read(size).decode()}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if not path.endswith("/bare"):
            self.send_header("Content-Security-Policy", "default-src 'self'")
        self.send_header("Set-Cookie", "stolen=1")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET

server = ThreadingHTTPServer((given.host, given.port), Handler)
sys.stderr.write("TensorBoard 2.21.0 at http://%s:%d%s/ (Press CTRL+C to quit)\\n"
                 % (given.host, server.server_address[1], given.path_prefix))
sys.stderr.flush()
server.serve_forever()
"""


def lay_out(folder: Path) -> Path:
    """Write it down below a folder; return what goes on PYTHONPATH."""
    package = folder / "tensorboard"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "version.py").write_text('VERSION = "2.21.0"\n')
    (package / "main.py").write_text(MAIN)
    return folder
