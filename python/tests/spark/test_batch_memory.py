"""The memory of a batch: no less than arrow-odbc takes for one row, which it refuses to read otherwise."""

import pytest
from entra_odbc.spark import _types
from entra_odbc.spark._odbc import Column
from entra_odbc.spark._options import Options
from entra_odbc.spark._query import Source
from entra_odbc.spark._reader import PlainReader

NVARCHAR, VARCHAR, GUID, VARBINARY = -9, 12, -11, -3


@pytest.mark.parametrize(
    ("columns", "most", "least"),
    [
        # What arrow-odbc takes: (n + 1) * 2 + 8 bytes for text of n code units, and n is twice the column's length.
        ([(NVARCHAR, 100)], 65_536, 410),
        ([(VARCHAR, 8000)], 65_536, 32_010),
        ([(GUID, 36)] * 4, 65_536, 4 * 154),
        ([(NVARCHAR, 0), (NVARCHAR, 100)], 33_554_432, 2 * 33_554_432 + 10 + 410),
        ([(NVARCHAR, 4000)], 100, 210),
        ([(VARBINARY, 8000), (VARBINARY, 0)], 65_536, 8008 + 65_544),
    ],
)
def test_a_row_fits(columns, most, least):
    found = [_types.source_column(Column(f"c{n}", code, size, 0, True)) for n, (code, size) in enumerate(columns)]
    options = Options({"maxTextSize": str(most), "maxBinarySize": str(most)})
    reader = PlainReader(options, Source("", "t"), None, found, _types.schema_of(found), 1)
    assert least <= reader._row_bytes() <= least + 64 * len(columns)
