"""A SHA-256 of rows that come from no file: the same for the same content, however it was cut into pieces."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def sha256_of_rows(table: pa.Table) -> str:
    """The SHA-256 of a table of texts, bytes, numbers and truths: names, types, which cells are empty, and values.

    For each column, hashed apart and then together: one byte a cell that says whether it holds something; for texts
    and bytes the lengths (eight bytes each, the smallest first) and the content end to end; for numbers their bytes,
    the smallest first. An empty cell counts as empty text or as 0.
    """
    whole = hashlib.sha256(str(len(table)).encode())
    for name, column in zip(table.column_names, table.columns, strict=True):
        there, sizes, content = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
        for chunk in column.chunks:
            there.update(pc.is_valid(chunk).to_numpy(zero_copy_only=False).tobytes())
            if pa.types.is_string(chunk.type) or pa.types.is_binary(chunk.type):
                filled = pc.fill_null(chunk.cast(pa.large_binary()), b"")
                sizes.update(pc.binary_length(filled).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
                content.update(b"".join(filled.to_pylist()))
            else:
                values = pc.fill_null(chunk, False if pa.types.is_boolean(chunk.type) else 0)
                numbers = values.to_numpy(zero_copy_only=False)
                content.update(np.ascontiguousarray(numbers, dtype=numbers.dtype.newbyteorder("<")).tobytes())
        for part in (name.encode(), str(column.type).encode(), there.digest(), sizes.digest(), content.digest()):
            whole.update(len(part).to_bytes(8, "little") + part)
    return whole.hexdigest()
