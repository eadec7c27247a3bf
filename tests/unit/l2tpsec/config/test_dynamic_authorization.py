"""[radius] dynamic_authorization, from the file's text to the settings."""

from pathlib import Path

import pytest

from l2tpsec.config.loader import ConfigError, load

HEAD = '[ipsec]\npsk = "iB5-tGf-9Qr-z2K-w0P-x7V"\n[radius]\n'


def loaded(tmp_path: Path, text: str) -> object:
    path = tmp_path / "l2tpsec.toml"
    path.write_text(HEAD + text)
    path.chmod(0o600)
    return load(path).settings.radius.dynamic_authorization


def test_clients_with_their_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    secret.chmod(0o600)
    found = loaded(
        tmp_path,
        'dynamic_authorization = { port = 3800, clients = [{ address = "10.0.0.1", '
        'secret = "a secret" }, { address = "10.0.0.2", secret_file = "secret" }] }\n',
    )
    assert getattr(found, "port") == 3800  # noqa: B009 - the loader's type is wider
    clients = getattr(found, "clients")  # noqa: B009 - the same
    assert [row.secret for row in clients] == ["a secret", "from a file"]
    assert "a secret" not in repr(found)


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ('{ address = "10.0.0.1" }', "exactly one of secret and secret_file"),
        ('{ secret = "x" }', "address is missing"),
        ('{ address = "10.0.0.1", secret = "x", secret_file = "y" }', "exactly one of"),
        ('"10.0.0.1"', "expected a table"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, client: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        loaded(tmp_path, f"dynamic_authorization = {{ clients = [{client}] }}\n")
