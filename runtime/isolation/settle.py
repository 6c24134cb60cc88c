"""Brings a process into the state in which copies of it share most of its memory: a page that a copy writes to is the copy's alone from then on.

What code does when it runs for the first times (counters, specialised instructions, caches of types and dictionaries) is done here, once for all. And
free places between objects are taken, so that what a copy allocates lies together on new pages instead of in the gaps of a thousand old ones.
"""

import ctypes
import os
import sys

# From the eighth call on Python 3.11 specialises a function, and a few later its instructions have settled.
REHEARSALS = 12
# Places that are taken at most; no allocator that is known has so many gaps.
GAPS = 50000

held = []


def rehearse(bootstrap):
    """Lets the bootstrap do what it does in every copy, and puts the variables back that it clears."""
    environ = dict(os.environ)
    for _ in range(REHEARSALS):
        bootstrap.rehearse()
    os.environ.clear()
    os.environ.update(environ)


def take_gaps():
    _take_gaps_of_c_library()
    _take_gaps_of_python()


def _take_gaps_of_c_library():
    """From large to small, since what is left of a large gap is a smaller one; a size has none left when its memory comes from the top of the heap."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = (ctypes.c_size_t,)
    libc.free.argtypes = (ctypes.c_void_p,)
    probes = [libc.malloc(120000) for _ in range(2)]
    top = max(probe or 0 for probe in probes)
    sizes = [120000]
    while sizes[-1] > 1040:
        sizes.append(sizes[-1] * 7 // 8 & ~15)
    left = GAPS
    for size in sizes + list(range(1032, 16, -16)):
        while left:
            place = libc.malloc(size)
            if not place or place > top:
                libc.free(place)
                break
            left -= 1
    for probe in probes:
        libc.free(probe)


def _take_gaps_of_python():
    """Object by object of each size, until they come from a pool that was empty: one that is filled from its beginning, one after the other."""
    pool = 16384 if sys.version_info >= (3, 10) else 4096
    header = 48
    for size in range(48, 513, 16):
        enough = min(16, (pool - header) // size)
        taken, in_a_row, last = [], 0, 0
        while in_a_row < enough and len(taken) < GAPS // 10:
            one = bytes(size - sys.getsizeof(b""))
            place = id(one)
            in_a_row = 1 if place % pool == header else in_a_row + 1 if in_a_row and place == last + size else 0
            last = place
            taken.append(one)
        held.append(taken)
