"""MLServer's model that does what scripts/doubling.py does."""

from mlserver import MLModel
from mlserver.types import InferenceResponse, ResponseOutput


class Doubling(MLModel):
    """Doubles one input, and gives back several as they are."""

    async def load(self):
        """Load nothing."""
        return True

    async def predict(self, payload):
        """Answer."""
        alone = len(payload.inputs) == 1
        outputs = [
            ResponseOutput(
                name="output_0" if alone else each.name,
                shape=each.shape,
                datatype=each.datatype,
                data=[_double(value) if alone else value for value in each.data],
            )
            for each in payload.inputs
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)


def _double(value):
    return [_double(each) for each in value] if isinstance(value, list) else 2 * value
