"""Why a client hung up: the text or the number in its Terminate-Request (RFC 1661 section 5.5)."""

from l2tpsec.protocols.ppp.lcp import printable

# Windows writes its magic number, this mark, and the RAS error that its user sees.
_RAS_MARK = b"\x00\x3c\xcd\x74"

_RAS_ERRORS = {
    691: "user name or password refused",
    718: "no answer from us in time",
    720: "no network protocol agreed",
    734: "the link was ended",
    736: "the link was ended",
    778: "our proof of the password was wrong",
    930: "the authentication server did not answer",
}


def _ras_error(data: bytes) -> int | None:
    start = data.find(_RAS_MARK) + len(_RAS_MARK)
    if start < len(_RAS_MARK) or len(data) < start + 4:
        return None
    return int.from_bytes(data[start : start + 4])


def explain(data: bytes) -> str:
    """Return the client's reason in words."""
    error = _ras_error(data)
    if error is not None:
        words = f": {_RAS_ERRORS[error]}" if error in _RAS_ERRORS else ""
        return f"the client ended the call (RAS error {error}{words})" if error else _PLAIN
    return f'{_PLAIN} ("{printable(data)}")' if data else _PLAIN


_PLAIN = "the client ended the call"
