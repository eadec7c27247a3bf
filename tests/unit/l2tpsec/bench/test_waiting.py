from pathlib import Path

import pytest

from l2tpsec.bench.waiting import SetupError, tail, text, until


def test_the_first_true_answer_is_returned() -> None:
    answers = iter([0, None, 7, 8])
    assert until(lambda: next(answers), 5, "seven") == 7


def test_what_does_not_come_is_told_with_the_logs() -> None:
    with pytest.raises(SetupError, match="waited 0 s in vain for Godot\nhe sent a boy"):
        until(lambda: None, 0, "Godot", lambda: "he sent a boy")


def test_logs_are_read_from_a_place_and_by_their_end(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    assert text(log) == ""
    log.write_bytes(b"one\ntwo\nthr\xff\n")
    assert text(log, 4) == "two\nthr\ufffd\n"
    assert tail(log, 1) == "--- server.log\nthr\ufffd\n"
