import json

from l2tpsec.cli.explain.question import Answer, Question
from l2tpsec.cli.explain.report import as_json, as_text
from l2tpsec.concentrator.aaa.catalogue import Fate
from l2tpsec.concentrator.explanation import Explanation, Line, Result

ALICE = Question("alice", "mschapv2", "right one", "192.0.2.5")
LINES = (
    Line("Session-Timeout", "60", Fate.OBEYED, matters=True, does="ends it"),
    Line("Framed-Route", "x", Fate.OBEYED, matters=False, does="a route"),
    Line("Callback-Id", "7", Fate.IGNORED, matters=False, does="nobody is called back"),
)
RESULTS = (Result("address", "10.99.0.77", "RADIUS"), Result("split tunnel", "none", ""))
LET_IN = Answer(ALICE, "10.0.0.11:1812", "Access-Accept", Explanation(True, "", LINES, RESULTS))


def test_what_a_person_reads() -> None:
    assert (
        as_text(LET_IN, ["session 3 of alice is online"])
        == """\
alice, asked by mschapv2 from 192.0.2.5
Access-Accept of 10.0.0.11:1812: let in

ATTRIBUTE        VALUE  HERE       WHAT IT DOES
Session-Timeout  60     obeyed     ends it
Framed-Route     x      no effect  a route
Callback-Id      7      ignored    nobody is called back

THE SESSION               BY
address       10.99.0.77  RADIUS
split tunnel  none

noted meanwhile
  session 3 of alice is online
"""
    )


def test_a_refusal() -> None:
    refused = Answer(ALICE, "10.0.0.11:1812", "Access-Reject", Explanation(False, "no right"))
    text = as_text(refused, [])
    assert "Access-Reject of 10.0.0.11:1812: refused, no right\n" in text
    assert text.endswith("it carries no attribute\n")


def test_without_a_password_and_with_words() -> None:
    question = Question("alice\n", "pap", None)
    answer = Answer(question, "x", "Access-Accept", Explanation(True, "hello"))
    assert as_text(answer, []).startswith(
        "alice\\n, asked without a password\n"
        'Access-Accept of x: let in with the right password, and told "hello"\n'
    )


def test_no_answer_comes_with_advice() -> None:
    text = as_text(Answer(ALICE, "", trouble="10.0.0.11:1812: no answer to 3 tries"), [])
    assert "no RADIUS server answered: 10.0.0.11:1812: no answer to 3 tries\n" in text
    assert "has another secret for it" in text


def test_what_a_program_reads_says_the_same_and_no_password() -> None:
    text = as_json(LET_IN, ["remark"])
    found = json.loads(text)
    assert "right one" not in text
    assert found["result"] == {
        "address": {"value": "10.99.0.77", "from": "RADIUS"},
        "split_tunnel": {"value": "none", "from": ""},
    }
    assert found["attributes"][2] == {
        "name": "Callback-Id",
        "value": "7",
        "fate": "ignored",
        "matters": False,
        "does": "nobody is called back",
    }
    assert (found["accepted"], found["answer"]) == (True, "Access-Accept")
    assert found["notices"] == ["remark"]
    deaf = json.loads(as_json(Answer(ALICE, "", trouble="silence"), []))
    assert (deaf["accepted"], deaf["answer"], deaf["reason"]) == (False, "", "silence")


def test_long_reasons_are_wrapped_where_there_is_a_screen() -> None:
    long = Line("Port-Limit", "2", Fate.OBEYED, matters=True, does="word " * 20)
    answer = Answer(ALICE, "x", "Access-Accept", Explanation(True, "", (long,)))
    text = as_text(answer, [], 60)
    table = text[text.index("ATTRIBUTE") :].splitlines()
    assert len(table) > 3
    assert max(map(len, table)) <= 60
    assert " ".join(text.split()).count("word") == 20
    assert "word " * 19 in as_text(answer, [], 25), "no room at all"


def test_a_servers_words_cannot_move_the_cursor() -> None:
    evil = "x\x1b[2J\udcff"
    found = Explanation(False, evil, (), (Result("address", evil, "RADIUS"),))
    text = as_text(Answer(ALICE, "x", "Access-Accept", found, notices=(evil,)), [evil])
    text += as_text(Answer(ALICE, "", trouble=evil), [])
    assert text.count("x\\x1b[2J\\udcff") == 5
    assert "\x1b" not in text
    text.encode()
