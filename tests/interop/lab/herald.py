"""Says who one is to whoever asks by UDP; run as a program.

herald.py serve PORT NAME       answers for ever
herald.py ask ADDRESS PORT      asks until there is an answer, and prints it
"""

import socket
import sys

AGAIN_SECONDS, TIMES = 1.0, 60


def serve(port: int, name: str) -> None:
    """Answer every datagram by a name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("", port))
        while True:
            _, asker = channel.recvfrom(100)
            channel.sendto(name.encode(), asker)


def ask(address: str, port: int) -> str:
    """Return the name of whoever has an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(AGAIN_SECONDS)
        for _ in range(TIMES):
            channel.sendto(b"who is it?", (address, port))
            try:
                return channel.recv(100).decode()
            except TimeoutError:
                continue
    raise SystemExit(f"nobody answers at {address}:{port}")


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    if verb == "serve":
        serve(int(words[0]), words[1])
    else:
        sys.stdout.write(ask(words[0], int(words[1])))
