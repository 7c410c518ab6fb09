#!/usr/bin/env python3
"""Runs a command in the machine whose control socket is in the folder OUT.

Prints the output of the command, and exits with the exit code of the command.
"""

import re
import socket
import sys

port = socket.socket(socket.AF_UNIX)
port.settimeout(60)
port.connect(sys.argv[1] + "/control.sock")
port.sendall((" ".join(sys.argv[2:]) + "\n").encode())
seen = b""
while True:
    more = port.recv(65536)
    if not more:
        sys.exit("the machine closed the port")
    seen += more
    end = re.search(rb"(?:^|\n)##END (\d+)\n$", seen)
    if end:
        sys.stdout.buffer.write(seen[: end.start()] + b"\n")
        sys.exit(int(end.group(1)))
