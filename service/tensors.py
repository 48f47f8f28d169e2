"""Tensors of the Open Inference Protocol as bytes: its binary data extension, which Triton's client speaks unless told otherwise.

A body begins with the JSON, whose length the header Inference-Header-Content-Length tells; the tensors that say
`binary_data_size` follow in their order. Numbers are little-endian, texts are preceded by their length in four bytes.
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

LENGTH_HEADER = "Inference-Header-Content-Length"
SIZE = "binary_data_size"
NUMPY = {
    "BOOL": "?", "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "UINT8": "u1", "UINT16": "<u2",
    "UINT32": "<u4", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip


def split(body: bytes, length: str | None) -> tuple[bytes, bytes]:
    """(the JSON, what follows it); `length`: as the header tells it. Raises ValueError."""
    if length is None:
        return body, b""
    if not (length.isascii() and length.isdigit()) or int(length) > len(body):
        raise ValueError(f"{LENGTH_HEADER} is not the length of the JSON that the body begins with")
    return body[: int(length)], body[int(length) :]


def filled(tensors: list[Any], raw: bytes) -> None:
    """Give each tensor that says `binary_data_size` its `data`, out of `raw`. Raises ValueError."""
    at = 0
    for tensor in tensors:
        size = (tensor.get("parameters") or {}).get(SIZE)
        if size is None:
            continue
        if "data" in tensor:
            raise ValueError(f"input {tensor['name']!r} has data twice: in the JSON and behind it")
        if type(size) is not int or not 0 <= size <= len(raw) - at:
            raise ValueError(f"input {tensor['name']!r}: {SIZE} is {size!r}, and {len(raw) - at} bytes are left")
        tensor["data"] = decoded(tensor["name"], tensor["datatype"], raw[at : at + size])
        at += size
    if at < len(raw):
        raise ValueError(f"{len(raw) - at} bytes follow the last tensor")


def decoded(name: str, datatype: str, raw: bytes) -> list[Any]:
    """Cells as JSON would have them: what is no number is null. Raises ValueError."""
    if datatype == "BYTES":
        return _texts(name, raw)
    if datatype not in NUMPY:
        raise ValueError(f"input {name!r} is of {datatype!r}; there are BYTES, {', '.join(NUMPY)}")
    kind = np.dtype(NUMPY[datatype])
    if len(raw) % kind.itemsize:
        raise ValueError(f"input {name!r} has {len(raw)} bytes, no whole number of {datatype}")
    values = np.frombuffer(raw, kind)
    cells = values.tolist()
    if kind.kind != "f":
        return cells
    for i in np.flatnonzero(np.isnan(values)).tolist():
        cells[i] = None
    return cells


def _texts(name: str, raw: bytes) -> list[str]:
    out = []
    at = 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise ValueError(f"input {name!r} ends within the length of a text")
        (length,) = struct.unpack_from("<I", raw, at)
        at += 4
        if at + length > len(raw):
            raise ValueError(f"input {name!r} ends within a text")
        try:
            out.append(raw[at : at + length].decode())
        except UnicodeDecodeError:
            raise ValueError(f"input {name!r} holds a text that is not UTF-8") from None
        at += length
    return out


def encoded(datatype: str, data: Sequence[Any]) -> bytes:
    if datatype != "BYTES":
        return np.asarray(data, NUMPY[datatype]).tobytes()
    texts = [str(value).encode() for value in data]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
