"""Words of a RADIUS server for the person who dials in (RFC 2865 section 5.18)."""

from radius.message import Message

LONGEST_OCTETS = 200
_MESSAGE = b" M="


def words(reply: Message) -> bytes:
    """Return all Reply-Messages as one line of UTF-8, of a length that every client takes."""
    return plain(" ".join(v for v in reply.all("Reply-Message") if isinstance(v, str)))


def plain(text: str) -> bytes:
    """Return a text without what a terminal or a dialog would obey; it is cut between letters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.encode(errors="replace")[:LONGEST_OCTETS].decode(errors="ignore").encode()


def with_words(said: bytes, reply: Message) -> bytes:
    """Return an MS-CHAPv2 Success or Failure with a message (RFC 2759 sections 5 and 6).

    It is the server's own where there is one, else its Reply-Message.
    """
    head, mark, message = said.partition(_MESSAGE)
    told = plain(message.decode(errors="replace")) if mark else words(reply)
    return head + _MESSAGE + told if told else head
