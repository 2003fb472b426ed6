"""What a score.py may be, what it finds around it, and what its callers get."""

import gzip
import io
import json
import math
import sys
import zlib

import pytest

from runyard.protocol import inference_forms as forms
from runyard.protocol.codec import from_plain
from runyard.protocol.frames import Call
from runyard.protocol.serving import WorkerSpec
from runyard.runtime.model import application, raw
from runyard.runtime.model.protocols import answer
from runyard.runtime.model.raw import AMLRequest, AMLResponse
from runyard.runtime.model.script import Script, load_module
from runyard.runtime.model.served import Refused, TensorSpec

JSON = {"content-type": "application/json"}


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Loads a script from an app root, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", sys.path[:])

    def load(text, name="score.py", **spec: object):
        monkeypatch.delitem(sys.modules, "score", raising=False)
        path = tmp_path / spec.get("source_directory", "") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        script = Script()
        script.load(from_plain(WorkerSpec, {"endpoint": "digits", "entry_script": name, **spec}))
        return script

    return load


def score(script, body=b"", **call: object):
    """Status and body of an answer."""
    reply = script.score(Call(**{"headers": JSON, **call}), body)
    return reply.status, reply.body.decode()


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ("None", "{}"),
        ("(1, 2)", "[1, 2]"),
        ("float('nan')", "NaN"),
        ("'text'", '"text"'),
        ("json.dumps([1])", '"[1]"'),
        ("{'a': [1.5, True, None]}", '{"a": [1.5, true, null]}'),
    ],
)
def test_results_are_json_as_v1_wrote_it(serve, result, body):
    """A text is a JSON text, nothing is an empty object, not-a-number stays."""
    script = serve(f"import json\ndef init(): pass\ndef run(data): return {result}\n")
    assert score(script) == (200, body)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("b'x'", "run() returned a bytes, which cannot be written as JSON; decode it"),
        (
            "{'when': [datetime.date(2020, 1, 1)]}",
            "run() returned a date at ['when'][0], which cannot be written as JSON; return its",
        ),
        ("object()", "run() returned an object, which cannot be written as JSON; return text"),
        ("{(1, 2): 3}", "the result of run() cannot be written as JSON: keys must be str"),
    ],
)
def test_a_result_that_is_no_json_names_its_type_and_place(serve, result, told):
    """Whoever forgot `.tolist()` reads where."""
    script = serve(f"import datetime\ndef init(): pass\ndef run(data): return {result}\n")
    status, body = score(script)
    assert status == 500
    assert json.loads(body)["message"].startswith(told)
    assert not script.score(Call(), b"").failed


def test_an_exception_of_run_is_the_answer(serve, capsys):
    """Its type and text go to the caller, its traceback into the log; 2019's answer can be had."""
    script = serve("def init(): pass\ndef run(data):\n    raise KeyError('data')\n")
    assert score(script) == (500, '{"message": "KeyError: \'data\'"}')
    assert "line 3, in run" in capsys.readouterr().err
    assert script.score(Call(), b"").failed
    reply = script.score(Call(legacy_status=502), b"")
    assert (reply.status, reply.body, reply.headers["content-type"]) == (
        502,
        b"'data'",
        "text/html; charset=utf-8",
    )
    assert "KeyError" not in score(script, explain=False)[1]


def test_sys_exit_in_run_ends_no_worker(serve):
    """A script that calls sys.exit() fails that call alone."""
    script = serve("import sys\ndef init(): pass\ndef run(data): sys.exit(3)\n")
    assert score(script) == (500, '{"message": "SystemExit: 3"}')


def test_plain_input_is_the_body_as_text(serve):
    """Whatever its type says: curl's default is a form."""
    script = serve("def init(): pass\ndef run(raw_data): return [raw_data]\n")
    assert script.input == "text"
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert score(script, b'{"a": 1}', headers=form) == (200, '["{\\"a\\": 1}"]')
    assert score(script, "é".encode())[1] == '["\\u00e9"]'
    status, body = score(script, b"\xff")
    assert status == 400
    assert "cannot be decoded as UTF-8" in body


def test_a_compressed_body_is_what_its_client_had(serve):
    """Clients that compress are understood at `/score` too; what is broken is told to be that."""
    script = serve("def init(): pass\ndef run(data): return data\n")
    for encoding, body in (("gzip", gzip.compress(b"[1]")), ("deflate", zlib.compress(b"[1]"))):
        assert score(script, body, headers={"content-encoding": encoding}) == (200, '"[1]"')
    status, told = score(script, b"[1]", headers={"content-encoding": "gzip"})
    assert (status, "the body is no gzip" in told) == (400, True)
    status, told = score(script, b"[1]", headers={"content-encoding": "br"})
    assert (status, "send gzip, deflate or none" in told) == (415, True)


def test_a_query_is_the_input_of_get(serve):
    """Values that are JSON are read so, repeated names are lists."""
    script = serve("import json\ndef init(): pass\ndef run(data): return json.loads(data)\n")
    found = score(script, method="GET", path="/score?a=1&b=[1,2]&c=x&c=null&d=")
    assert json.loads(found[1]) == {"a": 1, "b": [1, 2], "c": ["x", None], "d": ""}


def test_headers_are_given_to_who_asks(serve):
    """`request_headers` is a dict with the names as people write them."""
    script = serve("def init(): pass\ndef run(data, request_headers): return request_headers\n")
    assert script.wants_headers
    assert json.loads(score(script, headers={"x-my-id": "7"})[1]) == {"X-My-Id": "7"}


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("def run(): pass", "run() needs a parameter for the input"),
        ("def run(request_headers): pass", "for the input beside request_headers"),
        ("def run(*data): pass", "cannot have *args"),
        ("def run(data, **more): pass", "cannot have *args, **kwargs"),
        ("def run(data, other): pass", "its parameter other has no default"),
    ],
)
def test_a_run_that_cannot_be_called_is_refused_before_init(serve, run, told):
    """The message says what is wrong with its parameters."""
    with pytest.raises(TypeError, match=None) as caught:
        serve(f"def init(): raise RuntimeError('too late')\n{run}\n")
    assert told in str(caught.value)


def test_a_missing_run_names_what_there_is(serve):
    """And a missing script names the scripts that are there."""
    with pytest.raises(AttributeError, match=r"score.py has no function run\(data\); it has rum"):
        serve("def rum(data): pass\n")
    spec = from_plain(WorkerSpec, {"endpoint": "digits", "entry_script": "scorer.py"})
    with pytest.raises(FileNotFoundError, match=r"'scorer.py'; there is score.py"):
        load_module(spec)


def test_init_is_not_needed(serve, capsys):
    """A script without it is served, and the log says so."""
    assert score(serve("def run(data): return 1\n")) == (200, "1")
    assert "has no init()" in capsys.readouterr().out


def test_a_driver_module_runs_the_script_that_it_drives(serve, tmp_path):
    """Scripts that tools made call another one; its run is called itself, with all arguments."""
    (tmp_path / "inner.py").write_text("def run(data): return 'inner ' + data\n")
    script = serve("import inner as driver_module\ndef init(): pass\ndef run(data): return 0\n")
    assert score(script, b"x")[1] == '"inner x"'


def test_a_source_directory_lies_below_its_own_name(serve, tmp_path):
    """The working folder is the app root; the script's folder and the directory are on the path."""
    (tmp_path / "source" / "lib").mkdir(parents=True)
    (tmp_path / "source" / "lib" / "helper.py").write_text("WORD = 'helped'\n")
    (tmp_path / "source" / "extradata.json").write_text("[1]")
    text = (
        "from lib.helper import WORD\nfrom pathlib import Path\ndef init(): pass\n"
        "def run(data): return WORD, Path('./source/extradata.json').read_text()\n"
    )
    script = serve(text, name="x/y/score.py", source_directory="source")
    assert score(script) == (200, '["helped", "[1]"]')


RAW = """
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse
def init(): pass
@rawhttp
def run(request):
    if request.method == 'GET':
        return AMLResponse(request.full_path, 200)
    if request.method == 'POST':
        data = request.get_data(False)
        return AMLResponse(data[::-1], 201, {'Content-Type': 'image/png', 'X-Other': 'a,b'})
    return AMLResponse('bad request', 500)
"""


def test_rawhttp_takes_a_request_and_gives_a_response(serve):
    """Path and query, bytes, headers and status are the script's own."""
    script = serve(RAW)
    assert (script.input, script.wants_headers) == ("raw", True)
    assert score(script, method="GET", path="/score?a=1") == (200, "/score?a=1")
    reply = script.score(Call(), b"\x00\xff")
    assert (reply.status, reply.body) == (201, b"\xff\x00")
    assert reply.headers == {"content-type": "image/png", "x-other": "a,b"}
    assert script.score(Call(method="PUT"), b"").failed


def test_a_raw_request_reads_json_and_forms():
    """As Flask's did: args with repeated names, JSON by its type, fields and files."""
    request = AMLRequest("POST", "/score?a=1&a=2", {"Content-Type": "application/json"}, b"[1]")
    assert (request.args["a"], request.args.getlist("a")) == ("1", ["1", "2"])
    assert (request.json, request.path, request.is_json) == ([1], "/score", True)
    assert request.headers["CONTENT-TYPE"] == request.content_type
    form = AMLRequest(headers={"Content-Type": raw.FORM}, data=b"a=1&b=x%20y")
    assert form.form == {"a": "1", "b": "x y"}
    picture = bytes(range(256)) + b"\r\n--edg\r\n\x00"
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="word"\r\n\r\nhello\r\n'
        b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + picture + b"\r\n--edge--\r\n"
    )
    upload = AMLRequest(headers={"Content-Type": "multipart/form-data; boundary=edge"}, data=body)
    assert upload.form == {"word": "hello"}
    image = upload.files["image"]
    assert (image.filename, image.content_type, image.read()) == ("a.png", "image/png", picture)
    # What reads pictures goes to places of the file, which is itself one.
    assert (image.seek(2), image.tell(), image.stream.read(3)) == (2, 2, picture[2:5])
    assert isinstance(image, io.IOBase)
    with pytest.raises(Refused, match="Content-Type must be application/json"):
        AMLRequest(data=b"[1]").json  # noqa: B018 - asking is what raises


def test_a_response_is_written_as_v1_wrote_it():
    """Nothing is an empty object; `json_str` writes JSON."""
    assert AMLResponse(None, 200).data == b"{}"
    response = AMLResponse({"a": 1}, 200, json_str=True)
    assert (response.data, response.headers["content-type"]) == (b'{"a": 1}', "application/json")
    assert AMLResponse("text", "404").status_code == 404


def test_variables_lead_to_the_models(serve, tmp_path):
    """One model: its version's folder; none or several: the folder of all."""
    del serve
    one = {"name": "m", "version": 3, "path": "azureml-models/m/3"}
    plain = {"endpoint": "digits", "entry_script": "score.py", "source_directory": "src"}
    spec = from_plain(WorkerSpec, {**plain, "models": [one]})
    found = application.variables(spec, "/app")
    assert found == {
        "AML_APP_ROOT": "/app",
        "AZUREML_MODEL_DIR": "/app/azureml-models/m/3",
        "AZUREML_ENTRY_SCRIPT": "src/score.py",
        "AZUREML_SOURCE_DIRECTORY": "./src",
        "SERVICE_NAME": "digits",
    }
    for models in ([], [one, one]):
        several = from_plain(WorkerSpec, {**plain, "models": models})
        assert application.variables(several, "/app")["AZUREML_MODEL_DIR"] == (
            "/app/azureml-models"
        )


def test_a_served_script_finds_its_models_and_no_run(replica):
    """`Model.get_model_path` finds the newest version beside it, and no run token is left."""
    script = (
        "import json, os\nfrom azureml.core.model import Model\n"
        "def init():\n    global path\n    path = Model.get_model_path('digits-model')\n"
        "    assert Model.get_model_path('digits-model', version=2).endswith('2/model.txt')\n"
        "def run(data):\n"
        "    names = [n for n in os.environ if 'TOKEN' in n or n == 'RUNYARD_RUN_ID']\n"
        "    return [os.path.relpath(path), open(path).read(), names, os.environ['AML_APP_ROOT'],"
        " os.environ['WORKER_TIMEOUT']]\n"
    )
    models = [replica.model("digits-model", n, f"number {n}") for n in (2, 9, 10)]
    gateway = replica.start(script, models=models)
    assert json.loads(gateway.call()[1].decode()) == [
        "azureml-models/digits-model/10/model.txt",
        "number 10",
        [],
        str(replica.root),
        "3600",
    ]


def test_a_call_of_another_protocol_gives_the_script_rows(serve):
    """Inputs by name become the JSON that run gets; JSON that it writes itself is read."""
    script = serve(
        "import json\ndef init(): pass\n"
        "def run(data): return json.dumps([sum(row) for row in json.loads(data)['data']])\n"
    )
    assert script.call({"data": [[1, 2], [3, 4]]}) == {"output_0": [3, 7]}


def test_not_a_number_comes_in(serve):
    """JSON of Python knows NaN, both ways."""
    script = serve("import json\ndef init(): pass\ndef run(data): return json.loads(data)\n")
    assert math.isnan(json.loads(score(script, b"[NaN]")[1])[0])


def test_swagger_describes_the_service(serve, tmp_path):
    """Version 2, 3 and 3.1; a file beside the script is shown in the place of what is made."""
    script = serve("def init(): pass\ndef run(data): return 1\n")
    documents = script.swagger
    assert sorted(documents) == ["2", "3", "3.1"]
    assert documents["2"]["info"]["title"] == "digits"
    assert list(documents["2"]["paths"]) == ["/", "/score", "/swagger.json"]
    assert documents["2"]["definitions"]["ServiceInput"] == {"type": "object", "example": {}}
    assert documents["3.1"]["openapi"] == "3.1.0"
    (tmp_path / "swagger3.json").write_text('{"mine": 1}')
    assert serve("def init(): pass\ndef run(data): return 1\n").swagger["3"] == {"mine": 1}


def test_a_result_that_holds_itself_is_told_at_once(serve):
    """Children that know their parents make a tree endless; looking through it is not."""
    script = serve(
        "def run(data):\n"
        "    root = {'children': []}\n"
        "    root['children'] = [{'parent': root} for _ in range(9)]\n"
        "    return root\n"
    )
    status, body = score(script, b"{}")
    assert status == 500
    assert "cannot be written as JSON" in json.loads(body)["message"]


def test_a_response_of_a_plain_run_is_read_by_other_protocols(serve):
    """A script may answer with an AMLResponse whoever asks; its errors are the protocols' own."""
    script = serve(
        "import json\n"
        "from azureml.contrib.services.aml_response import AMLResponse\n"
        "def run(data):\n"
        "    rows = json.loads(data)['data']\n"
        "    if rows == [0]:\n"
        "        return AMLResponse('too few', 422)\n"
        "    return AMLResponse([2 * row for row in rows], 200, json_str=True)\n"
    )
    json_type = {"content-type": "application/json"}
    for protocol, verb, told in (
        ("tf-serving", "predict", {"predictions": [2, 4]}),
        ("mlflow", "invocations", {"predictions": [2, 4]}),
    ):
        call = Call(protocol, verb, headers=json_type)
        reply = answer(call, json.dumps({"instances": [1, 2]}).encode(), script)
        assert (reply.status, json.loads(reply.body.decode())) == (200, told)
        refused = answer(call, json.dumps({"instances": [0]}).encode(), script)
        assert (refused.status, "too few" in refused.body.decode()) == (422, True)
    assert score(script, b'{"data": [3]}') == (200, "[6]")


def test_inputs_of_any_rank_say_so(serve):
    """A client that makes its request of the metadata does not send a single number."""
    signature = serve("def run(data): return data\n").signatures["run"].to_plain()
    told = forms.Served("m", signatures={"serving_default": signature})
    shown = forms.model([told])["inputs"][0]
    assert (shown["shape"], shown["parameters"]) == ([-1], {"unknown_rank": True})
    definition = forms.tf_metadata(told)["metadata"]["signature_def"]["signature_def"]
    shape = definition["serving_default"]["inputs"]["data"]["tensor_shape"]
    assert shape == {"dim": [], "unknown_rank": True}
    scalar = TensorSpec("x", "FP32", []).to_plain()
    assert scalar == {"name": "x", "datatype": "FP32", "shape": []}
