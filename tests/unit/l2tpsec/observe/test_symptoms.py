import pytest

from l2tpsec.observe.symptoms import NOTHING, SYMPTOMS, judged, named, shown


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("message 5 did not decrypt: the pre-shared keys differ", 789),
        ("no proposal acceptable: offered aes256/sha1/ecp384/rsa-signature; allowed x / psk", 786),
        ("no proposal acceptable: offered aes256/sha1/ecp384/psk; allowed y / psk", 789),
        ("refused by the RADIUS server (mschapv2): wrong user name or password (E=691 R=1)", 691),
        ("198.51.100.53:1812: no answer to 5 tries", 718),
        ("RADIUS names the pool 'a', and there is no [pools.a]", 720),
    ],
)
def test_a_line_tells_what_windows_shows_and_what_to_do(text: str, windows: int) -> None:
    verdict = judged(text)
    assert verdict is not None
    assert verdict.text == text
    assert windows in verdict.windows
    assert verdict.cure


@pytest.mark.parametrize("text", ["up as 10.99.0.2, mschapv2", NOTHING, "LCP is open: MS-CHAPv2"])
def test_other_lines_explain_nothing(text: str) -> None:
    assert judged(text) is None


def test_a_number_has_all_its_rows() -> None:
    assert [row.line for row in named(633)] == [NOTHING]
    assert {row.line for row in named(789)} >= {"the pre-shared keys differ"}
    assert named(1) == []


def test_every_number_that_administrators_ask_about_has_a_row() -> None:
    known = {number for row in SYMPTOMS for number in row.windows}
    asked = "619 628 629 633 646 647 648 649 651 691 709 718 720 741 742 766 786 787 788 789 792"
    assert {*map(int, asked.split()), 809} <= known


def test_a_client_says_itself_what_it_shows() -> None:
    assert shown("the client ended the call (RAS error 778: our proof was wrong)") == 778
    assert shown("the client ended the call") is None
    assert shown(f"RAS error {10**30}") is None
