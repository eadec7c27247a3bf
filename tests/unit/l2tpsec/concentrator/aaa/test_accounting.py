from dataclasses import replace
from ipaddress import IPv4Address

from l2tpsec.concentrator.aaa.accounting import NAS_REBOOT, Books, unattended_stop
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters

DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")
BOOKS = Books(DIALIN, b"alice", IPv4Address("10.99.0.2"), (b"blob", b"lob"))
COUNTERS = Counters(10, 5 * 2**32 + 6, 20, 7)


def test_start_names_the_session() -> None:
    start = BOOKS.start()
    assert start.get("Acct-Status-Type") == 1
    assert start.get("User-Name") == b"alice"
    assert start.get("Framed-IP-Address") == "10.99.0.2"
    assert start.get("Acct-Session-Id") == "abcd0007"
    assert start.all("Class") == [b"blob", b"lob"]
    assert start.get("Acct-Authentic") == 1  # RADIUS
    assert start.get("Acct-Session-Time") is None


def test_ipv6_is_named_in_every_record() -> None:
    ipv6 = (("Framed-IPv6-Prefix", "2001:db8::/64"), ("Framed-Interface-Id", "0:0:0:1"))
    books = replace(BOOKS, ipv6=ipv6)
    stop = books.stop(5, COUNTERS, Cause.USER_REQUEST)
    for record in (books.start(), books.interim(1, COUNTERS), stop):
        assert record.get("Framed-IPv6-Prefix") == "2001:db8::/64"
        assert record.get("Framed-Interface-Id") == "0:0:0:1"
    assert BOOKS.start().get("Framed-IPv6-Prefix") is None


def test_interim_counts_in_gigawords() -> None:
    interim = BOOKS.interim(61.9, COUNTERS)
    assert interim.get("Acct-Status-Type") == 3
    assert interim.get("Acct-Session-Time") == 61
    assert (interim.get("Acct-Input-Gigawords"), interim.get("Acct-Input-Octets")) == (5, 6)
    assert (interim.get("Acct-Output-Gigawords"), interim.get("Acct-Output-Octets")) == (0, 7)
    assert (interim.get("Acct-Input-Packets"), interim.get("Acct-Output-Packets")) == (10, 20)


def test_stop_says_why() -> None:
    stop = BOOKS.stop(5, COUNTERS, Cause.LOST_CARRIER)
    assert stop.get("Acct-Status-Type") == 2
    assert stop.get("Acct-Terminate-Cause") == 2


def test_who_is_charged_is_named_in_every_record_once_radius_tells() -> None:
    assert BOOKS.start().get("Chargeable-User-Identity") is None
    books = replace(BOOKS, chargeable_identity=b"c-7")
    stop = books.stop(5, COUNTERS, Cause.USER_REQUEST)
    for record in (books.start(), books.interim(1, COUNTERS), stop):
        assert record.all("Chargeable-User-Identity") == [b"c-7"]


def test_the_stop_that_nobody_wrote_has_every_figure_once() -> None:
    said = BOOKS.interim(61, COUNTERS).attributes
    last = (*said, ("Event-Timestamp", 17), ("Acct-Delay-Time", 3))
    stop = dict(unattended_stop(last))
    assert len(stop) == len(unattended_stop(last)) - 1  # two of Class
    assert (stop["Acct-Status-Type"], stop["Acct-Terminate-Cause"]) == (2, NAS_REBOOT)
    assert (stop["Acct-Session-Time"], stop["Acct-Input-Gigawords"]) == (61, 5)
    assert stop["Acct-Session-Id"] == "abcd0007"
    assert not stop.keys() & {"Event-Timestamp", "Acct-Delay-Time"}
    unused = dict(unattended_stop(BOOKS.start().attributes))
    assert unused.keys() == stop.keys()
    assert (unused["Acct-Session-Time"], unused["Acct-Output-Octets"]) == (0, 0)
