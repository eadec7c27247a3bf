"""What was asked of an engine, to be asked again of another one, without whoever asked."""

from collections.abc import Callable
from typing import Any


class Journal:
    """Stands in for an engine and writes down calls and answers; attributes are the engine's."""

    def __init__(self, engine: object) -> None:
        self._engine = engine
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.answers: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        def call(*arguments: Any) -> Any:
            answer = found(*arguments)
            self.calls.append((name, arguments))
            self.answers.append(answer)
            return answer

        return call

    def again(self, engine: object) -> Callable[[], list[Any]]:
        """Return what asks the same of an engine in the same state, and returns its answers."""
        calls = [(getattr(engine, name), arguments) for name, arguments in self.calls]
        return lambda: [call(*arguments) for call, arguments in calls]
