#!/usr/bin/env python3
"""Boots an image under QEMU, once for each attack of a host, and checks what the attack achieves.

    attacks.py IMAGE [ATTACK]…

run.sh runs this in the tool root, on an image with the stand-in for hcc-guest in this folder.
"""
import contextlib
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid

# The longest boot, in seconds. A firmware that refuses a kernel stays silent for SILENCE.
BOOT = 240
SILENCE = 30
# The last lines that the image prints by itself.
END = "fact end"
EMERGENCY = "fact emergency"


def guid(text):
    return uuid.UUID(text).bytes_le


def hash_table(firmware, kernel, initrd, line):
    """Returns the address of the table of kernel hashes, and its bytes."""
    table = firmware[:-32]
    entries = {}
    length = struct.unpack("<H", table[-18:-16])[0]
    rest = table[-length:-18]
    while rest:
        length = struct.unpack("<H", rest[-18:-16])[0]
        entries[rest[-16:]] = rest[-length:-18]
        rest = rest[:-length]
    address = struct.unpack("<I", entries[guid("7255371f-3a3b-4b04-927b-1da6efa8d454")][:4])[0]
    content = b""
    for name, data in (
        ("97d02dd8-bd20-4c94-aa78-e7714d36ab2a", line.encode() + b"\0"),
        ("44baf731-3a2f-4bd7-9af1-41e29169781d", initrd),
        ("4de79437-abd2-427f-b835-d5b172d2045b", kernel),
    ):
        content += guid(name) + struct.pack("<H", 50) + hashlib.sha256(data).digest()
    header = guid("9438d606-4f22-4cc9-b479-a793d411fd21") + struct.pack("<H", 18 + len(content))
    return address, (header + content).ljust(176, b"\0")


def changed(data, at=None):
    """Returns the data with one bit changed."""
    at = len(data) // 2 if at is None else at
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


class Machine:
    """One boot of an image."""

    def __init__(self, image, folder):
        self.folder = folder
        self.manifest = json.load(open(f"{image}/image.json"))
        self.line = self.manifest["cmdline"]
        read = lambda name: open(f"{image}/{name}", "rb").read()
        self.firmware, self.kernel, self.initrd = read("OVMF.fd"), read("vmlinuz"), read("initrd")
        # The table is that of the genuine image, regardless of what the host boots.
        self.address, self.table = hash_table(self.firmware, self.kernel, self.initrd, self.line)
        self.root, self.tree = f"{image}/root.squashfs", f"{image}/root.verity"
        # The contents of the simulated processor's reports.
        self.reports = f"--chip 00 --measurement {'0' * 96}"
        self.more = []
        self.process = None

    def file(self, name, data):
        path = f"{self.folder}/{name}"
        with open(path, "wb") as out:
            out.write(data)
        return path

    def disk(self, name, path):
        return ["-drive", f"if=none,id={name},format=raw,readonly=on,file={path}",
                "-device", f"virtio-blk-pci,drive={name},serial={name}"]

    def start(self):
        table = self.file("table", self.table)
        reports = self.file("reports", self.reports.encode())
        self.console = f"{self.folder}/console"
        self.monitor = f"{self.folder}/monitor"
        arguments = [
            "nice", "-n", "19", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot",
            "-display", "none", "-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "max",
            "-m", str(self.manifest["memory_mib"]), "-bios", self.file("firmware", self.firmware),
            "-kernel", self.file("kernel", self.kernel), "-initrd", self.file("initrd", self.initrd),
            "-append", self.line, "-device", f"loader,file={table},addr={self.address:#x},force-raw=on",
            "-fw_cfg", f"name=opt/hcc/insecure-reports,file={reports}",
            "-chardev", f"socket,id=line,path={self.folder}/line,server=on,wait=off,logfile={self.console}",
            "-serial", "chardev:line", "-monitor", f"unix:{self.monitor},server=on,wait=off",
            "-device", "virtio-rng-pci", *self.more,
            *self.disk("root", self.root), *self.disk("tree", self.tree),
        ]
        self.process = subprocess.Popen(arguments)

    def output(self):
        with contextlib.suppress(FileNotFoundError):
            return open(self.console, "rb").read().decode(errors="replace")
        return ""

    def ended(self, seconds):
        """Returns true if QEMU ends in time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
            return True
        return False

    def awaits(self, text, seconds):
        """Returns true if the text appears on the console in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if text in self.output():
                return True
            time.sleep(0.5)
        return text in self.output()

    def facts(self):
        """Boots to the list of facts, and returns them."""
        assert self.awaits(END, BOOT), f"no facts; the console has: {self.output()[-400:]!r}"
        lines = [line.strip() for line in self.output().splitlines()]
        return [line.removeprefix("fact ") for line in lines if line.startswith("fact ")][:-1]

    def command(self, text):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self.monitor)
            time.sleep(0.2)
            monitor.sendall(f"{text}\n".encode())
            time.sleep(0.2)

    def press_sysrq(self, key):
        """Sends a SysRq command by the serial line: a break, then a key."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(f"{self.folder}/line")
            self.command("chardev-send-break line")
            line.sendall(key)
            time.sleep(0.5)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def assert_silent(machine):
    """The firmware refuses to start the kernel, so that the console stays without a Linux line."""
    machine.start()
    assert not machine.awaits("hcc", SILENCE), machine.output()
    assert "Linux" not in machine.output() and "fact" not in machine.output()


def assert_closed(machine):
    """The system runs, and the host gained nothing."""
    machine.start()
    facts = machine.facts()
    assert facts == ["sysrq 0"], facts


def genuine_image_boots_and_emergency_powers_off(machine):
    assert_closed(machine)
    assert machine.awaits(EMERGENCY, 60)
    assert machine.ended(60), "the emergency mode does not power off"
    after = machine.output().split(EMERGENCY)[1]
    assert "maintenance" not in after and "login" not in after, after


def other_command_line_does_not_boot(machine):
    machine.line += " init=/bin/sh"
    assert_silent(machine)


def other_initrd_does_not_boot(machine):
    machine.initrd = changed(machine.initrd)
    assert_silent(machine)


def other_kernel_does_not_boot(machine):
    machine.kernel = changed(machine.kernel)
    assert_silent(machine)


def credential_by_smbios_is_ignored(machine):
    for value in ("io.systemd.credential:attack=1", "io.systemd.credential:tmpfiles.extra=f /etc/attack"):
        machine.more += ["-smbios", f"type=11,value={value}"]
    assert_closed(machine)


def credential_by_fw_cfg_is_ignored(machine):
    machine.more += ["-fw_cfg", "name=opt/io.systemd.credentials/attack,string=1"]
    machine.more += ["-fw_cfg", "name=opt/io.systemd.credentials/tmpfiles.extra,string=f /etc/attack"]
    assert_closed(machine)


def labelled_disks_are_not_mounted(machine):
    path = machine.file("other", bytes(64 << 20))
    for label in ("root", "cidata"):
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", label, path], check=True)
        machine.more += machine.disk(label + "x", machine.file(label, open(path, "rb").read()))
    # A partition of the type that systemd would mount at /srv.
    table = machine.file("partitions", bytes(64 << 20))
    script = "label: gpt\ntype=3B8F8425-20E0-4F3B-907F-1A25A76F98E8, name=root\n"
    subprocess.run(["sfdisk", "-q", table], input=script.encode(), check=True)
    machine.more += machine.disk("partitions", table)
    assert_closed(machine)


def sysrq_by_the_serial_line_is_ignored(machine):
    machine.start()
    assert machine.awaits(END, BOOT), machine.output()[-400:]
    before = len(machine.output())
    for key in (b"h", b"t", b"b"):
        machine.press_sysrq(key)
    assert machine.awaits(EMERGENCY, 60), "the machine restarted"
    assert "sysrq:" not in machine.output()[before:], machine.output()[before:]


def changed_root_does_not_start(machine):
    data = open(machine.root, "rb").read()
    # Every block is changed, so that the first read finds one.
    other = bytearray(data)
    for at in range(100, len(other), 4096):
        other[at] ^= 1
    machine.root = machine.file("root", bytes(other))
    machine.start()
    assert machine.ended(BOOT), "the machine runs on"
    assert "fact" not in machine.output(), machine.output()[-400:]


def swapped_tree_does_not_start(machine):
    machine.tree = machine.file("tree", bytes(os.path.getsize(machine.tree)))
    machine.start()
    assert machine.ended(BOOT), "the machine runs on"
    assert "fact" not in machine.output(), machine.output()[-400:]


ATTACKS = [
    genuine_image_boots_and_emergency_powers_off,
    other_command_line_does_not_boot,
    other_initrd_does_not_boot,
    other_kernel_does_not_boot,
    credential_by_smbios_is_ignored,
    credential_by_fw_cfg_is_ignored,
    labelled_disks_are_not_mounted,
    sysrq_by_the_serial_line_is_ignored,
    changed_root_does_not_start,
    swapped_tree_does_not_start,
]


def play(cases, image, names):
    """Plays each case on a machine of its own. Returns 1 if one failed, and 0 otherwise."""
    cases = [case for case in cases if not names or case.__name__ in names]
    assert cases, f"no case is named {names}"
    failed = 0
    for case in cases:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(image, folder)
            fault = ""
            try:
                case(machine)
            except AssertionError as error:
                fault = str(error) or "failed"
                failed += 1
            finally:
                machine.stop()
        result = f"FAILED: {fault}" if fault else "ok"
        print(f"{case.__name__} ... {result} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(play(ATTACKS, sys.argv[1], sys.argv[2:]))
