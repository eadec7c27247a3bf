"""RFC 1661 section 4.1: the option negotiation automaton as one table, in the RFC's order."""

from enum import Enum, IntEnum
from typing import NamedTuple


class State(IntEnum):
    """RFC 1661 section 4.2."""

    INITIAL = 0
    STARTING = 1
    CLOSED = 2
    STOPPED = 3
    CLOSING = 4
    STOPPING = 5
    REQ_SENT = 6
    ACK_RCVD = 7
    ACK_SENT = 8
    OPENED = 9


class Event(Enum):
    """RFC 1661 section 4.3, by the names of its table."""

    UP = "Up"
    DOWN = "Down"
    OPEN = "Open"
    CLOSE = "Close"
    TIMEOUT = "TO+"
    EXHAUSTED = "TO-"
    REQUEST_GOOD = "RCR+"
    REQUEST_BAD = "RCR-"
    ACK = "RCA"
    NAK = "RCN"
    TERMINATE_REQUEST = "RTR"
    TERMINATE_ACK = "RTA"
    UNKNOWN_CODE = "RUC"
    REJECT_PERMITTED = "RXJ+"
    REJECT_CATASTROPHIC = "RXJ-"
    ECHO = "RXR"


class Action(Enum):
    """RFC 1661 section 4.4, by the names of its table."""

    THIS_LAYER_UP = "tlu"
    THIS_LAYER_DOWN = "tld"
    THIS_LAYER_STARTED = "tls"
    THIS_LAYER_FINISHED = "tlf"
    INITIALIZE_RESTART_COUNT = "irc"
    ZERO_RESTART_COUNT = "zrc"
    SEND_CONFIGURE_REQUEST = "scr"
    SEND_CONFIGURE_ACK = "sca"
    SEND_CONFIGURE_NAK = "scn"
    SEND_TERMINATE_REQUEST = "str"
    SEND_TERMINATE_ACK = "sta"
    SEND_CODE_REJECT = "scj"
    SEND_ECHO_REPLY = "ser"


class Transition(NamedTuple):
    """What to do, in this order, and the state that follows."""

    actions: tuple[Action, ...]
    state: State


# A column a state, from Initial (0) to Opened (9); "-" cannot happen. Without the restart option
# and the passive option, and with crossed replies dropped by identifier before they get here.
_TABLE = """
Up    2      irc,scr/6  -          -              -      -      -          -          -          -
Down  -      -          0          tls/1          0      1      1          1          1          tld/1
Open  tls/1  1          irc,scr/6  3              5      5      6          7          8          9
Close 0      tlf/0      2          2              4      4      irc,str/4  irc,str/4  irc,str/4  tld,irc,str/4
TO+   -      -          -          -              str/4  str/5  scr/6      scr/6      scr/8      -
TO-   -      -          -          -              tlf/2  tlf/3  tlf/3      tlf/3      tlf/3      -
RCR+  -      -          sta/2      irc,scr,sca/8  4      5      sca/8      sca,tlu/9  sca/8      tld,scr,sca/8
RCR-  -      -          sta/2      irc,scr,scn/6  4      5      scn/6      scn/7      scn/6      tld,scr,scn/6
RCA   -      -          sta/2      sta/3          4      5      irc/7      scr/6      irc,tlu/9  tld,scr/6
RCN   -      -          sta/2      sta/3          4      5      irc,scr/6  scr/6      irc,scr/8  tld,scr/6
RTR   -      -          sta/2      sta/3          sta/4  sta/5  sta/6      sta/6      sta/6      tld,zrc,sta/5
RTA   -      -          2          3              tlf/2  tlf/3  6          6          8          tld,scr/6
RUC   -      -          scj/2      scj/3          scj/4  scj/5  scj/6      scj/7      scj/8      scj/9
RXJ+  -      -          2          3              4      5      6          6          8          9
RXJ-  -      -          tlf/2      tlf/3          tlf/2  tlf/3  tlf/3      tlf/3      tlf/3      tld,irc,str/5
RXR   -      -          2          3              4      5      6          7          8          ser/9
"""  # noqa: E501 - the RFC's table, a row a line


def _cell(text: str) -> Transition | None:
    if text == "-":
        return None
    actions, _, state = text.rpartition("/")
    return Transition(tuple(Action(a) for a in actions.split(",") if a), State(int(state)))


def _rows(text: str) -> dict[tuple[State, Event], Transition | None]:
    table: dict[tuple[State, Event], Transition | None] = {}
    for line in text.strip().splitlines():
        event, *cells = line.split()
        table |= {(s, Event(event)): _cell(c) for s, c in zip(State, cells, strict=True)}
    return table


TABLE = _rows(_TABLE)

# RFC 1661 section 4.4: the restart timer runs in the other states only.
UNTIMED = frozenset(
    {State.INITIAL, State.STARTING, State.CLOSED, State.STOPPED, State.OPENED},
)
