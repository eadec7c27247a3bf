"""A worker's process that only talks: `python stub_worker.py [fail] NUMBER DESCRIPTOR`."""

import json
import socket
import sys
from typing import Any

number, bus = int(sys.argv[-2]), socket.socket(fileno=int(sys.argv[-1]))
lines = bus.makefile("rw")


VERDICTS: dict[str, tuple[object, object]] = {
    "concede": ("", "worker 1 has it"),
    "why": ([{"time": "2026-01-01"}], [{"time": "2026-01-02"}]),
}


def say(message: dict[str, Any]) -> None:
    lines.write(json.dumps(message) + "\n")
    lines.flush()


def result(command: str, request: dict[str, Any]) -> object:
    match command:
        case "numbers":
            return [number + 1]
        case "sessions":
            return [{"id": asked, "worker": number} for asked in request["numbers"]]
        case "snapshot":
            return {"sessions": 1, "input_octets": 100, "drops": [["data", "x", 1]]}
        case "disconnect":
            return {"disconnected": [number + 1] if request["who"] == "alice" else []}
        case "members" | "prove":
            return [[number, number + 1]]
        case _:
            mine, theirs = VERDICTS.get(command, ([503, "nobody"], [None, ""]))
            return theirs if number else mine


say({"command": "assignment", "token": 1})
while "answer" not in json.loads(lines.readline()):
    pass
if number == 1 and "fail" in sys.argv:
    sys.exit(3)
say({"command": "ready"})
if number == 0:
    say({"command": "books-opened"})
for line in lines:
    request = json.loads(line)
    command = request["command"]
    if command == ("last" if number == 0 else "stop"):
        break
    if command == "disconnect" and request["who"] == f"worker {number}":
        sys.exit(4)
    if "token" in request:
        say({"answer": request["token"], "result": result(command, request)})
    elif command in {"release", "reload", "dhcp"}:
        sys.stderr.write(f"{number} {command}\n")
        sys.stderr.flush()
