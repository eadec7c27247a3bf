"""Moves octets over TCP and proves by checksum that they arrived; run as a program.

    transfer.py serve ADDRESS PORT           answers any number of clients, one after the other
    transfer.py fetch ADDRESS PORT OCTETS    receives; prints {"octets", "digest", "seconds"}
    transfer.py push ADDRESS PORT OCTETS     sends; prints the same

The sender draws the octets at random and both ends digest what they saw: equality is no accident.
"""

import hashlib
import json
import os
import socket
import sys
import time
from typing import Any

CHUNK_OCTETS = 1 << 16
# A block that repeats with its index in front differs everywhere and costs little to make.
BLOCK = os.urandom(CHUNK_OCTETS - 8)


def _send(connection: socket.socket, octets: int) -> str:
    digest, index = hashlib.sha256(), 0
    while octets:
        chunk = (index.to_bytes(8, "big") + BLOCK)[:octets]
        connection.sendall(chunk)
        digest.update(chunk)
        octets, index = octets - len(chunk), index + 1
    return digest.hexdigest()


def _receive(connection: socket.socket, octets: int) -> str:
    digest = hashlib.sha256()
    while octets:
        chunk = connection.recv(min(octets, CHUNK_OCTETS))
        if not chunk:
            raise SystemExit(f"the connection ended {octets} octets too early")
        digest.update(chunk)
        octets -= len(chunk)
    return digest.hexdigest()


def _answer(connection: socket.socket) -> None:
    line = connection.makefile("rb", buffering=0).readline().split()
    work = _send if line[0] == b"fetch" else _receive
    connection.sendall((work(connection, int(line[1])) + "\n").encode())


def serve(address: str, port: int) -> None:
    """Answer clients for ever."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as listener:
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            with connection:
                _answer(connection)


def move(verb: str, address: str, port: int, octets: int) -> dict[str, Any]:
    """Move octets one way, and return what was moved; the two ends' digests must agree."""
    start = time.monotonic()
    with socket.create_connection((address, port)) as connection:
        connection.sendall(f"{verb} {octets}\n".encode())
        ours = (_receive if verb == "fetch" else _send)(connection, octets)
        theirs = connection.makefile().readline().strip()
    if ours != theirs:
        raise SystemExit(f"digests differ: {ours} here, {theirs} there")
    return {"octets": octets, "digest": ours, "seconds": time.monotonic() - start}


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    sys.stdout.write(json.dumps(move(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
