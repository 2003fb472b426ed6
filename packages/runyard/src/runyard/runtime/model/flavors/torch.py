"""PyTorch: TorchScript, exported programs, and whole modules whose class can be imported."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.runtime.model.flavors.arrays import ArrayFlavor, find_file
from runyard.runtime.model.served import ONLY_OUTPUT, Refused, Signature, TensorSpec

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

DEFAULT = "serving_default"
EXPORTED = ".pt2"
ENDINGS = [EXPORTED, ".pt", ".pth", ".jit", ".torchscript", ".bin"]


class Model(ArrayFlavor):
    """A PyTorch model.

    A module says nothing of its inputs but their names, so types and shapes are those of
    `options["inputs"]`, `[{"name", "datatype", "shape"}, …]`, or whatever is sent.
    """

    platform = "pytorch_torchscript"
    default = DEFAULT

    def load(self, spec: WorkerSpec) -> Dict[str, Signature]:
        """See Flavor."""
        path = find_file(spec, ENDINGS)
        import torch

        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._module = _module(torch, path, self._device)
        self.framework = f"PyTorch {torch.__version__}"
        # JSON has doubles alone, and no module takes them that was made of floats.
        floats = [each.dtype for each in self._module.parameters() if each.is_floating_point()]
        self._float = floats[0] if floats else torch.float32
        declared = spec.options.get("inputs")
        inputs = [_declared(each) for each in declared] if declared else _arguments(self._module)
        self._takes_floats = False
        self._inputs = [each.name for each in inputs]
        self.signatures = {DEFAULT: Signature(inputs, [TensorSpec(ONLY_OUTPUT, "FP32", None)])}
        return self.signatures

    def call(
        self,
        inputs: Dict[str, Any],
        signature: str = "",
        parameters: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        """See Flavor."""
        del parameters
        import torch

        self.find(signature)
        with torch.no_grad():
            tensors = [self._tensor(name, inputs[name]) for name in self._inputs if name in inputs]
            return _named(self._answer(tensors))

    def _answer(self, tensors: List[Any]) -> Any:
        """What the module makes of tensors, in which whole numbers may have been meant as floats.

        A caller who writes 1 in JSON means 1.0 to most modules, and to one that looks words up
        an index; the module alone knows.
        """
        if self._takes_floats:
            return self._module(*map(self._as_float, tensors))
        try:
            return self._module(*tensors)
        except RuntimeError:
            if all(each.is_floating_point() for each in tensors):
                raise
            with contextlib.suppress(RuntimeError):
                found = self._module(*map(self._as_float, tensors))
                self._takes_floats = True
                return found
            raise

    def _as_float(self, tensor: Any) -> Any:
        return tensor if tensor.is_floating_point() else tensor.to(self._float)

    def _tensor(self, name: str, array: Any) -> Any:
        import torch

        if array.dtype.kind not in "biuf":
            raise Refused(f"input '{name}' is text, and PyTorch has no tensors of text")
        # What comes from the network may not be written to, and PyTorch warns of that.
        tensor = torch.from_numpy(array if array.flags.writeable else array.copy())
        if tensor.dtype == torch.float64:
            tensor = tensor.to(self._float)
        return tensor.to(self._device)


def _module(torch: Any, path: str, device: Any) -> Any:
    if path.lower().endswith(EXPORTED):
        return torch.export.load(path).module().to(device)
    try:
        return torch.jit.load(path, map_location=device).eval()
    except RuntimeError as error:
        if "constants.pkl" not in str(error) and "torchscript" not in str(error).lower():
            note = str(error).splitlines()[0]
            found = _pickled(torch, path, device, note)
        else:
            found = _pickled(torch, path, device, "it is no TorchScript")
    if not isinstance(found, torch.nn.Module):
        raise TypeError(
            f"{path} holds a {type(found).__name__}, which is no model that can be called; save "
            "torch.jit.script(model) or torch.jit.trace(model, sample), or serve it with a score.py"
        )
    return found.to(device).eval()


def _pickled(torch: Any, path: str, device: Any, why: str) -> Any:
    try:
        # Weights alone would be all that it loads by default; a registered model is trusted.
        return torch.load(path, map_location=device, weights_only=False)
    except TypeError:
        return torch.load(path, map_location=device)
    except (AttributeError, ImportError) as error:
        raise type(error)(
            f"{path} needs the class of its module, which is not here ({error}; {why}); save "
            "torch.jit.script(model), or serve it with a score.py"
        ) from None


def _declared(given: Dict[str, Any]) -> TensorSpec:
    return TensorSpec(str(given["name"]), str(given["datatype"]), given.get("shape"))


def _arguments(module: Any) -> List[TensorSpec]:
    """The names of what `forward` takes."""
    schema = getattr(module.forward, "schema", None)
    if schema is not None:
        names = [each.name for each in schema.arguments if each.name != "self"]
    else:
        given = inspect.signature(module.forward).parameters.values()
        names = [each.name for each in given if each.kind == each.POSITIONAL_OR_KEYWORD]
    return [TensorSpec(name, "", None) for name in names or ["input"]]


def _named(result: Any) -> Dict[str, Any]:
    if isinstance(result, dict):
        return {str(name): _array(each) for name, each in result.items()}
    if isinstance(result, (list, tuple)):
        return {f"output_{number}": _array(each) for number, each in enumerate(result)}
    return {ONLY_OUTPUT: _array(result)}


def _array(tensor: Any) -> Any:
    detached = tensor.detach().cpu()
    # Numpy has no bfloat16.
    return (detached.float() if str(detached.dtype) == "torch.bfloat16" else detached).numpy()
