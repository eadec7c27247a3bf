"""A row of a table of legal messages."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from l2tpsec.protocols.l2tp.effects import Effect
from l2tpsec.protocols.l2tp.messages import Message, MessageType

Machine = TypeVar("Machine")
State = TypeVar("State", bound=Enum)


@dataclass(frozen=True, slots=True)
class Step(Generic[Machine, State]):
    """`message` is legal in the states `when`; `handle` judges it and moves the machine on.

    `handle` takes the machine, the message, the session number of its header, and now.
    """

    message: MessageType
    when: frozenset[State]
    handle: Callable[[Machine, Message, int, float], list[Effect]]
