# SPDX-License-Identifier: Apache-2.0
"""Whether an answer is ONNX Runtime's, up to rounding.

An element may differ by RELATIVE times the largest finite magnitude of its tensor: an output of a layer is a sum whose
rounding goes with its terms, not with what is left of them. Where that is not enough, the network may be badly
conditioned: then ONNX Runtime runs networks whose inputs and weights are moved by PERTURBATION, and the largest
difference that makes, times NOISE, is allowed on top. NaN and infinity have to stand where ONNX Runtime has them;
where the moved networks disagree about that, or about a whole number, nothing is asked.
"""

import numpy as np

import oracle

RELATIVE = 3e-5  # what one running float32 sum of some thousand numbers loses
NOISE = 4
LARGE = 1e34  # the mean of some thousand numbers whose sum is beyond the largest, 3.4e38
SMALLEST = 1.2e-38  # below float32's normal numbers: a kernel may take them for zero


class Expected:
    """What ONNX Runtime answers to `feeds` with `model`."""

    def __init__(self, model, feeds):
        self.model, self.feeds = model, feeds
        # Which infinity, or whether a NaN, is left goes with the order of operations: (x - mean) * scale is computed
        # in other orders too.
        normalises = any(node.op_type == "BatchNormalization" for node in model.graph.node)
        self.order_counts = model.graph.doc_string == "overflow" or (model.graph.doc_string == "inf" and normalises)
        self.outputs = oracle.run(model, feeds)
        self._moved = None

    def moved(self, index):
        if self._moved is None:
            self._moved = oracle.perturbed_answers(self.model, self.feeds)
        return [answer[index] for answer in self._moved]

    def difference(self, outputs):
        """None, or a text that says which output is wrong and how."""
        if len(outputs) != len(self.outputs):
            return f"{len(outputs)} outputs instead of {len(self.outputs)}"
        names = [value.name for value in self.model.graph.output]
        for index, (actual, expected) in enumerate(zip(outputs, self.outputs)):
            problem = self._problem(index, actual, expected)
            if problem:
                return f"output {names[index]}: {problem}"
        return None

    def _problem(self, index, actual, expected):
        if actual.dtype != expected.dtype or actual.shape != expected.shape:
            return f"{actual.dtype}{list(actual.shape)} instead of {expected.dtype}{list(expected.shape)}"
        if expected.dtype.kind != "f":
            return self._whole_problem(index, actual, expected)
        with np.errstate(all="ignore"):
            return self._float_problem(index, actual.astype(np.float64), expected.astype(np.float64))

    def _whole_problem(self, index, actual, expected):
        wrong = actual != expected
        for moved in self.moved(index) if wrong.any() else []:
            wrong &= moved == expected
        return f"{int(wrong.sum())} of {wrong.size} elements differ" if wrong.any() else None

    def _float_problem(self, index, actual, expected):
        # A sum may overflow in float32 whose value, or whose mean, does not.
        close = np.isinf(expected) & (np.sign(actual) == np.sign(expected)) & (np.abs(actual) > LARGE)
        close |= self.order_counts & ~np.isfinite(expected) & ~np.isfinite(actual)
        actual = np.where(close, expected, actual)
        finite = np.isfinite(expected)
        error = np.where(finite, np.abs(actual - expected), 0)
        largest = np.abs(expected[finite]).max(initial=0)
        allowed = RELATIVE * largest + SMALLEST
        wrong = ~(error <= allowed) | (_class(actual) != _class(expected))
        if not wrong.any():
            return None
        moved = [array.astype(np.float64) for array in self.moved(index)]
        decided = np.all([_class(array) == _class(expected) for array in moved], axis=0)
        noise = max(np.abs(array - expected)[finite & decided].max(initial=0) for array in moved)
        allowed += NOISE * noise
        wrong = decided & (~(error <= allowed) | (_class(actual) != _class(expected)))
        if not wrong.any():
            return None
        ranked = np.where(wrong, np.nan_to_num(error, nan=np.inf, posinf=np.inf), -1)
        worst = np.unravel_index(np.argmax(ranked), error.shape)
        place = [int(i) for i in worst]
        return (f"{int(wrong.sum())} of {wrong.size} elements, worst {actual[worst]:.6g} instead of "
                f"{expected[worst]:.6g} at {place} (allowed {allowed:.2g}, largest {largest:.4g})")


def _class(array):
    """0 for finite numbers, 1 for NaN, 2 and 3 for the infinities."""
    return np.isnan(array) + 2 * (array == np.inf) + 3 * (array == -np.inf)
