"""Runs a command with the CPU's AMX instructions refused to it and to its children.

    python .ci/without_amx.py COMMAND [ARGUMENT ...]

Some virtual machines lose the AMX tile registers of a running process for seconds at a time. Matrix products in int8
(ONNX Runtime, OpenVINO) and bfloat16 (PyTorch) then give garbage or NaN, without an error. Tests that compare numbers
fail there, and no test can tell why.

On Linux a process must ask the kernel before it uses AMX: `arch_prctl(ARCH_REQ_XCOMP_PERM)`. This program installs a
seccomp filter that answers the request with EPERM, so that libraries choose their AVX-512 or AVX2 kernels. Every
other system call passes. Children inherit the filter, and nothing can take it off. Other systems and CPUs have no such
request: there the command runs as it is.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

# linux/prctl.h, linux/seccomp.h, linux/audit.h, asm/prctl.h, and the number of the system call on x86-64
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_SECCOMP_RET_ALLOW = 0x7FFF0000
_SECCOMP_RET_ERRNO = 0x00050000
_AUDIT_ARCH_X86_64 = 0xC000003E
_ARCH_PRCTL = 158
_ARCH_REQ_XCOMP_PERM = 0x1023

# Offsets in the kernel's struct seccomp_data
_SYSTEM_CALL, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16


def _load(offset: int) -> bytes:
    """Instruction: reads 32 bits of struct seccomp_data."""
    return struct.pack("=HBBI", 0x20, 0, 0, offset)  # BPF_LD | BPF_W | BPF_ABS


def _skip_unless(value: int, instructions: int) -> bytes:
    """Instruction: skips the next ones if what was read last is something else."""
    return struct.pack("=HBBI", 0x15, 0, instructions, value)  # BPF_JMP | BPF_JEQ | BPF_K


def _answer(value: int) -> bytes:
    """Instruction: ends the filter with an answer."""
    return struct.pack("=HBBI", 0x06, 0, 0, value)  # BPF_RET | BPF_K


_FILTER = (
    _load(_ARCHITECTURE),
    _skip_unless(_AUDIT_ARCH_X86_64, 5),
    _load(_SYSTEM_CALL),
    _skip_unless(_ARCH_PRCTL, 3),
    _load(_FIRST_ARGUMENT),
    _skip_unless(_ARCH_REQ_XCOMP_PERM, 1),
    _answer(_SECCOMP_RET_ERRNO | errno.EPERM),
    _answer(_SECCOMP_RET_ALLOW),
)


class _Program(ctypes.Structure):
    """The kernel's struct sock_fprog: number of instructions, and where they are."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def needs_filter() -> bool:
    """Whether this system hands out AMX on request."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def refuse_amx() -> None:
    """Installs the filter in this process, for good.

    Raises:
        OSError: The kernel refuses it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(_FILTER), b"".join(_FILTER))
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),  # the kernel's condition for a filter by a user without privileges
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments):
            code = ctypes.get_errno()
            raise OSError(code, f"cannot install the seccomp filter that refuses AMX: {os.strerror(code)}")


def main() -> None:
    """Turns this process into the command."""
    command = sys.argv[1:]
    if not command:
        sys.exit("usage: without_amx.py COMMAND [ARGUMENT ...]")
    try:
        if needs_filter():
            refuse_amx()
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"without_amx.py: {' '.join(command)}: {error.strerror}")


if __name__ == "__main__":
    main()
