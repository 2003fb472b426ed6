"""The same model for MLServer, which gives it the tensors of a request."""

import json

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from score import run


class Dot(MLModel):
    """The model."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Score one row; the text of a long one comes as BYTES."""
        given = payload.inputs[0]
        values = list(given.data)
        text = values[0] if given.datatype == "BYTES" else json.dumps({"data": values})
        result = next(iter(run(text).values()))
        output = ResponseOutput(name="result", shape=[1], datatype="FP64", data=[result])
        return InferenceResponse(model_name=self.name, outputs=[output])
