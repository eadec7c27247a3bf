from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.concentrator.effects import AppendRecord
from l2tpsec.config.schema import Settings
from l2tpsec.service import books


def settings(state_dir: Path, listen: str = "0.0.0.0") -> Settings:
    plain = Settings()
    server = replace(plain.server, state_dir=state_dir, listen=IPv4Address(listen))
    return replace(plain, server=server)


@pytest.mark.parametrize(("listen", "named"), [("192.0.2.1", True), ("0.0.0.0", False)])
def test_the_server_is_named(tmp_path: Path, listen: str, named: bool) -> None:
    first, *_ = books.ledger(settings(tmp_path / "new", listen)).open()
    assert isinstance(first, AppendRecord)
    assert b'"NAS-Identifier","l2tpsec"' in first.line
    assert (b'"NAS-IP-Address","192.0.2.1"' in first.line) is named


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    books.path(settings(tmp_path)).mkdir()
    with pytest.raises(ValueError, match="accounting records in .* cannot be read: Is a directory"):
        books.ledger(settings(tmp_path))
