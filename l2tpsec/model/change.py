"""What changes for a user whose session goes on."""

from dataclasses import dataclass, fields, replace

from l2tpsec.model.grant import Grant


@dataclass(frozen=True, slots=True)
class Change:
    """New limits in seconds: None leaves one as it is, 0 takes it away.

    Timeouts count from where they did: a session's from its beginning.
    """

    session_timeout_seconds: int | None = None
    idle_timeout_seconds: int | None = None
    interim_interval_seconds: int | None = None

    @property
    def words(self) -> str:
        """The new limits, for people."""
        named = ((row.name, getattr(self, row.name)) for row in fields(self))
        changed = [
            f"{name.removesuffix('_seconds').replace('_', ' ')} {value} s"
            for name, value in named
            if value is not None
        ]
        return ", ".join(changed) or "nothing"

    def applied(self, grant: Grant) -> Grant:
        """Return what is allowed from now on."""
        changed = {
            row.name: value
            for row in fields(self)
            if (value := getattr(self, row.name)) is not None
        }
        return replace(grant, **changed)
