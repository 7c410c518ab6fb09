#!/usr/bin/env python3
"""Prints the test programs of the named crates. Reads cargo's JSON messages from standard input.

Each line of the output contains the package folder, a tab, and the path of a program.
"""
import json
import os
import sys

names = set(sys.argv[1:])
for line in sys.stdin:
    message = json.loads(line)
    if message.get("reason") == "compiler-message":
        sys.stderr.write(message["message"].get("rendered") or "")
    if message.get("reason") != "compiler-artifact" or not message.get("executable"):
        continue
    if not message["profile"]["test"]:
        continue
    manifest = message["manifest_path"]
    with open(manifest, encoding="utf-8") as file:
        name = next(row.split('"')[1] for row in file if row.startswith("name = "))
    if name in names:
        print(os.path.dirname(manifest), message["executable"], sep="\t")
