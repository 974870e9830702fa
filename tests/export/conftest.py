from pathlib import Path

import pytest

from onnx_files import export_files


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_files(tmp_path_factory.mktemp("exported"))
