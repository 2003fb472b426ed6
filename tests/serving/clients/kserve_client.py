"""Calls an endpoint with KServe's client; prints what came as JSON: kserve_client.py URL MODEL."""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

X = np.arange(6, dtype=np.float32).reshape(2, 3)


async def ask(url, model):
    """Ask everything."""
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    first = InferenceRESTClient()

    async def infer(array, datatype, name="data", wanted=model, **how: object):
        given = InferInput(name, list(array.shape), datatype)
        given.set_data_from_numpy(array, **how)
        request = InferRequest(model_name=wanted, infer_inputs=[given], request_id="7")
        answer = await client.infer(url, request, model_name=wanted)
        (output,) = answer.outputs
        return [answer.id, answer.model_name, output.as_numpy().tolist()]

    async def caught(call):
        try:
            await call
        except httpx.HTTPStatusError as error:
            return [error.response.status_code, str(error)]
        return [0, "nothing"]

    rows = {"instances": X.tolist()}
    found = {
        "live": await client.is_server_live(url),
        "ready": await client.is_server_ready(url),
        "model": await client.is_model_ready(url, model),
        "default": await infer(X, "FP32"),
        "json": await infer(X, "FP32", binary_data=False),
        "bytes": await infer(np.array(["a", "ü"], dtype=object), "BYTES", "text"),
        "fp16": await infer(X.astype(np.float16), "FP16"),
        "v1": await first.infer(url, rows, model_name=model),
        "v1 model": await first.is_model_ready(url, model),
        "unknown": await caught(infer(X, "FP32", wanted="nothing")),
    }
    sys.stdout.write(json.dumps(found))


asyncio.run(ask(*sys.argv[1:]))
