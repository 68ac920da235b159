"""What is told where something that the data source needs is missing or too old."""

import importlib.util

import pyspark
import pytest
from entra_odbc import Error, spark


def test_an_old_pyspark_is_told(monkeypatch):
    monkeypatch.setattr(pyspark, "__version__", "3.5.9")
    with pytest.raises(Error, match=r"\[HYC00\] PySpark 3.5.9 has no data sources in Python. Install PySpark 4.0 or later"):
        spark.register(None)


@pytest.mark.parametrize(
    ("module", "package"), [("arrow_odbc", "arrow-odbc"), ("cryptography", "cryptography"), ("numpy", "numpy")]
)
def test_what_is_missing_is_named_with_what_installs_it(monkeypatch, module, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else found(name))
    with pytest.raises(Error, match=rf"\[IM003\] missing: {package}. Install them: pip install 'entra-odbc\[spark\]'"):
        spark.register(None)
