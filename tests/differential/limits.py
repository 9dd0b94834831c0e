# SPDX-License-Identifier: Apache-2.0
"""What disco does not do and says so: refusals that are no findings."""

import re

WRITING = ("written", "tcp")
# (parts, what the message says, what the limit is)
LIMITS = [
    (WRITING, r"\(Softmax\): opset \d+ has no softmax over several axes",
     "networks are written at opset 17 and above: no softmax over several axes"),
    (("read",), r"\(BatchNormalization\): input \d has to be of shape .*; a batch of \d+ is not possible",
     "parameters that are computed and count the batch fit one batch only"),
]


def reason(finding):
    """The name of the limit that `finding` is, or None."""
    if finding.kind != "refused":
        return None
    for parts, pattern, name in LIMITS:
        if finding.part in parts and re.search(pattern, finding.text):
            return name
    return None
