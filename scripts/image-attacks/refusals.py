#!/usr/bin/env python3
"""Boots the image of hccam under QEMU, once for each reason for which hccam refuses to start.

    refusals.py IMAGES VEKS [CASE]…

IMAGES holds the images hccam and insecure-hccam. VEKS holds certificates of two simulated chips,
alice.der and bob.der. refusals.sh runs this in the tool root.
"""
import base64
import sys

from attacks import BOOT, play

MEASUREMENT, OTHER = "ab" * 48, "cd" * 48
# hccam's words once it serves its host.
SERVES = " listening"
ENDED = "hcc: hccam has ended with exit code "


def settings(machine, vek=None, measurement=MEASUREMENT):
    """Adds the disk of settings, as a launcher does. Its place is before the disks of the image."""
    lines = [f"launch_measurement {measurement}", f"miner_binary {'12' * 32}"]
    if vek:
        lines.append("vek " + base64.b64encode(open(f"{VEKS}/{vek}.der", "rb").read()).decode())
    text = "".join(f"{line}\n" for line in lines).encode()
    machine.more += machine.disk("settings", machine.file("settings", text.ljust(64 << 10, b"\0")))
    machine.reports = f"--chip alice --measurement {MEASUREMENT}"


def assert_refuses(machine, code):
    """hccam ends with that exit code, and the VM powers itself off."""
    machine.start()
    assert machine.awaits(ENDED, BOOT), f"no refusal; the console has: {machine.output()[-400:]!r}"
    assert machine.ended(60), "the VM runs on"
    assert f"{ENDED}{code}" in machine.output(), machine.output()[-400:]
    assert SERVES not in machine.output(), machine.output()[-400:]


def genuine_settings_start_hccam(machine):
    settings(machine, "alice")
    machine.start()
    assert machine.awaits(SERVES, BOOT), f"the console has: {machine.output()[-400:]!r}"
    assert ENDED not in machine.output(), machine.output()[-400:]


def missing_processor_is_refused_with_code_3(machine):
    """The genuine image, on a machine without SEV-SNP."""
    genuine = type(machine)(f"{IMAGES}/hccam", machine.folder)
    settings(genuine, "alice")
    try:
        assert_refuses(genuine, 3)
    finally:
        genuine.stop()


def failing_processor_is_refused_with_code_4(machine):
    settings(machine, "alice")
    # The simulated processor answers each request with an error.
    machine.reports = "--chip alice --measurement none"
    assert_refuses(machine, 4)


def certificate_of_another_chip_is_refused_with_code_5(machine):
    settings(machine, "bob")
    assert_refuses(machine, 5)


def missing_certificate_is_refused_with_code_5(machine):
    settings(machine)
    assert_refuses(machine, 5)


def other_measurement_is_refused_with_code_6(machine):
    settings(machine, "alice", OTHER)
    assert_refuses(machine, 6)


CASES = [
    genuine_settings_start_hccam,
    missing_processor_is_refused_with_code_3,
    failing_processor_is_refused_with_code_4,
    certificate_of_another_chip_is_refused_with_code_5,
    missing_certificate_is_refused_with_code_5,
    other_measurement_is_refused_with_code_6,
]

if __name__ == "__main__":
    IMAGES, VEKS = sys.argv[1:3]
    sys.exit(play(CASES, f"{IMAGES}/insecure-hccam", sys.argv[3:]))
