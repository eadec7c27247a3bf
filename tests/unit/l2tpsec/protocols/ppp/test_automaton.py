"""The automaton's table against the two halves of the table printed in RFC 1661 section 4.1."""

import re

import pytest

from l2tpsec.protocols.ppp.automaton import TABLE, UNTIMED, Action, Event, State

RFC_LEFT = """
 Up   |    2     irc,scr/6     -         -         -         -
 Down |    -         -         0       tls/1       0         1
 Open |  tls/1       1     irc,scr/6     3r        5r        5r
 Close|    0       tlf/0       2         2         4         4
      |
  TO+ |    -         -         -         -       str/4     str/5
  TO- |    -         -         -         -       tlf/2     tlf/3
      |
 RCR+ |    -         -       sta/2 irc,scr,sca/8   4         5
 RCR- |    -         -       sta/2 irc,scr,scn/6   4         5
 RCA  |    -         -       sta/2     sta/3       4         5
 RCN  |    -         -       sta/2     sta/3       4         5
      |
 RTR  |    -         -       sta/2     sta/3     sta/4     sta/5
 RTA  |    -         -         2         3       tlf/2     tlf/3
      |
 RUC  |    -         -       scj/2     scj/3     scj/4     scj/5
 RXJ+ |    -         -         2         3         4         5
 RXJ- |    -         -       tlf/2     tlf/3     tlf/2     tlf/3
      |
 RXR  |    -         -         2         3         4         5
"""

RFC_RIGHT = """
 Up   |    -         -         -           -
 Down |    1         1         1         tld/1
 Open |    6         7         8           9r
 Close|irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4
      |
  TO+ |  scr/6     scr/6     scr/8         -
  TO- | tlf/3p    tlf/3p    tlf/3p         -
      |
 RCR+ |  sca/8   sca,tlu/9   sca/8   tld,scr,sca/8
 RCR- |  scn/6     scn/7     scn/6   tld,scr,scn/6
 RCA  |  irc/7     scr/6x  irc,tlu/9   tld,scr/6x
 RCN  |irc,scr/6   scr/6x  irc,scr/8   tld,scr/6x
      |
 RTR  |  sta/6     sta/6     sta/6   tld,zrc,sta/5
 RTA  |    6         6         8       tld,scr/6
      |
 RUC  |  scj/6     scj/7     scj/8     scj/9
 RXJ+ |    6         6         8           9
 RXJ- |  tlf/3     tlf/3     tlf/3   tld,irc,str/5
      |
 RXR  |    6         7         8         ser/9
"""


def transcribed() -> dict[tuple[int, str], str]:
    """Read both halves: (state, event) → cell, without the footnote letters r, p and x."""
    cells: dict[tuple[int, str], str] = {}
    for first, text in ((0, RFC_LEFT), (6, RFC_RIGHT)):
        for line in text.splitlines():
            event, _, row = line.partition("|")
            for offset, cell in enumerate(row.split()):
                cells[first + offset, event.strip()] = re.sub(r"(?<=\d)[rpx]$", "", cell)
    return cells


def written(state: State, event: Event) -> str:
    transition = TABLE[state, event]
    if transition is None:
        return "-"
    actions = ",".join(action.value for action in transition.actions)
    return f"{actions}/{transition.state.value}" if actions else str(transition.state.value)


def test_the_table_is_full() -> None:
    assert len(TABLE) == len(State) * len(Event) == len(transcribed())


@pytest.mark.parametrize("event", Event, ids=lambda event: event.value)
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_every_cell_is_the_rfcs(state: State, event: Event) -> None:
    assert written(state, event) == transcribed()[state.value, event.value]


def test_every_action_occurs() -> None:
    assert {a for t in TABLE.values() if t for a in t.actions} == set(Action)


def test_the_restart_timer_runs_where_a_timeout_can_happen() -> None:
    timed = {state for state, event in TABLE if event is Event.TIMEOUT and TABLE[state, event]}
    assert timed == set(State) - UNTIMED
