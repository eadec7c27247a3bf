"""What a link does while a person reads a Failure of MS-CHAPv2 and types an answer."""

from l2tpsec.model.cause import Cause
from l2tpsec.model.grant import Verdict
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.effects import Authenticate, Effect, LinkEnded, NetworkWanted
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.phase import LinkPhase
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.peers.ppp_bench import WISHES, Bench, codes, ended, only, sent

TRY_AGAIN = Verdict(accepted=False, message=b"E=691 R=1 M=No")
EXPIRED = Verdict(accepted=False, message=b"E=648 R=0 M=Old")
SUCCESS = Verdict(accepted=True, message=b"S=proof")


class Dialog(Bench):
    """A link whose client has answered the challenge."""

    def __init__(self) -> None:
        super().__init__(PppSettings(authentication=("mschapv2",)))
        self.established()
        self.identifier = 1  # what the bench's entropy draws
        assert only(self.respond(0), Authenticate)

    def respond(self, more: int) -> list[Effect]:
        value = bytes((49,)) + bytes((more,)) * 49 + b"alice"
        return self.receive(frame.CHAP, Packet(2, self.identifier + more, value))

    def change(self) -> list[Effect]:
        return self.receive(frame.CHAP, Packet(7, self.identifier + 1, bytes(582)))


def refused(verdict: Verdict) -> Dialog:
    dialog = Dialog()
    effects = dialog.link.judged(verdict, dialog.now)
    assert codes(effects, frame.CHAP) == [4]
    assert codes(effects) == []
    assert dialog.link.phase is LinkPhase.AUTHENTICATE
    return dialog


def test_another_try_that_is_good() -> None:
    dialog = refused(TRY_AGAIN)
    assert only(dialog.wait(100), LinkEnded) == []
    assert only(dialog.respond(1), Authenticate)
    assert NetworkWanted() in dialog.link.judged(SUCCESS, dialog.now)
    # What was refused once is no reason any more.
    assert ended(dialog.lcp(5)).cause is Cause.USER_REQUEST


def test_a_changed_password() -> None:
    dialog = refused(EXPIRED)
    assert only(dialog.wait(170), LinkEnded) == []
    assert only(dialog.change(), Authenticate)
    assert NetworkWanted() in dialog.link.judged(SUCCESS, dialog.now)
    assert 9 in codes(dialog.wait(dialog.now + 31))


def test_another_refusal_ends_the_link() -> None:
    dialog = refused(EXPIRED)
    dialog.change()
    effects = dialog.link.judged(Verdict(accepted=False), dialog.now)
    assert codes(effects, frame.CHAP) == [4]
    assert codes(effects) == [5]
    assert ended(dialog.wait(10)).cause is Cause.AUTHENTICATION_FAILED


def test_a_client_that_leaves_failed_to_authenticate() -> None:
    end = ended(refused(TRY_AGAIN).lcp(5))
    assert end.cause is Cause.AUTHENTICATION_FAILED


def test_a_client_that_never_answers() -> None:
    dialog = refused(TRY_AGAIN)
    end = ended(dialog.wait(190))
    assert end.cause is Cause.AUTHENTICATION_FAILED
    assert "within 180 s" in end.text


def test_lcp_anew_gives_no_fresh_tries() -> None:
    dialog = refused(TRY_AGAIN)
    dialog.lcp(1, 9, WISHES)
    end = ended(dialog.wait(10))
    assert end.cause is Cause.NEGOTIATION_FAILED
    assert "began LCP anew" in end.text


def test_radius_that_is_gone_ends_the_dialog() -> None:
    dialog = refused(TRY_AGAIN)
    dialog.respond(1)
    assert only(dialog.respond(1), Authenticate) == []
    effects = dialog.link.judged(Verdict(accepted=False), dialog.now)
    assert b"E=691 R=0" in sent(effects)[0][1].data
    assert codes(effects) == [5]
