"""What the first `import azureml` of a program brings about, so that v1 users feel at home."""

from runyard.sdk.v1 import absent, envelopes
from runyard.sdk.v1.absent import NOT_OFFERED

absent.install()
envelopes.use()

__all__ = ["NOT_OFFERED"]
