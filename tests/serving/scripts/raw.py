"""A score.py whose run gets the request, and returns responses of its own."""

try:
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse
except ImportError:
    from azureml_inference_server_http.api.aml_request import rawhttp
    from azureml_inference_server_http.api.aml_response import AMLResponse


def init():
    """Load nothing."""


@rawhttp
def run(request):
    """Answer by what the body says."""
    if request.method == "GET":
        return AMLResponse(str(request.full_path), 200)
    body = request.get_data(cache=False)
    if body == b"teapot":
        return AMLResponse("short", 418, {"X-Pot": "tea"})
    if body == b"json":
        return AMLResponse({"a": [1]}, 201, json_str=True)
    if body == b"raise":
        raise KeyError("pot")
    return AMLResponse(body[::-1], 200)
