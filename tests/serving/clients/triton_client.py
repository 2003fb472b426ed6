"""Calls an endpoint with tritonclient, and prints what came: triton_client.py HOST:PORT MODEL."""

import json
import sys

import numpy as np
import tritonclient.http as triton

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def made(name, array, datatype, **how: object):
    """Make an input."""
    found = triton.InferInput(name, list(array.shape), datatype)
    found.set_data_from_numpy(array, **how)
    return found


def caught(call):
    """What a call raises: status and text."""
    try:
        call()
    except triton.InferenceServerException as error:
        return [error.status(), error.message()]
    return ["nothing", ""]


def main(address, model):
    """Ask everything."""
    client = triton.InferenceServerClient(address)
    x = made("data", X, "FP32")

    def values(answer):
        return answer.as_numpy("output_0").tolist()

    def asked(given=x, **how: object):
        return values(client.infer(model, [given], **how))

    plain = triton.InferRequestedOutput("output_0", binary_data=False)
    text = made("text", np.array(["a", "ü"], dtype=object), "BYTES")
    other = made("other", np.array([b"b", b"c"], dtype=object), "BYTES")
    texts = client.infer(model, [text, other], request_id="7")
    found = {
        "health": [
            client.is_server_live(),
            client.is_server_ready(),
            client.is_model_ready(model),
        ],
        "extensions": client.get_server_metadata()["extensions"][:1],
        "index": [[each["name"], each["state"]] for each in client.get_model_repository_index()],
        "inputs": [each["name"] for each in client.get_model_metadata(model)["inputs"]],
        "statistics": [
            each["name"] for each in client.get_inference_statistics(model)["model_stats"]
        ],
        "default": asked(),
        "json": asked(made("data", X, "FP32", binary_data=False), outputs=[plain]),
        "gzip": asked(request_compression_algorithm="gzip"),
        "fp16": asked(made("data", X.astype(np.float16), "FP16")),
        "async": values(client.async_infer(model, [x]).get_result()),
        "bytes": [
            [each.decode() for each in texts.as_numpy(name).tolist()] for name in ("text", "other")
        ],
        "id": texts.get_response()["id"],
        "unknown model": caught(lambda: client.infer("nothing", [x])),
        "shared memory": caught(client.get_system_shared_memory_status),
    }
    client.close()
    sys.stdout.write(json.dumps(found))


main(*sys.argv[1:])
