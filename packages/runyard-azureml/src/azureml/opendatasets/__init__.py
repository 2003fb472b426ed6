"""Open data: MNIST, whose files have addresses of their own; other names say what to use."""

from runyard.sdk.v1.open_datasets import TYPE_CHECKING

if TYPE_CHECKING:
    from runyard.sdk.v1.open_datasets import MNIST
else:
    from runyard.sdk.v1.open_datasets import MNIST, __getattr__

__all__ = ["MNIST"]
