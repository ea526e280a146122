"""A watcher that is ended ends."""

import subprocess
import sys

# An interruption that some library swallows leaves the process at work.
_SWALLOWED = """
import os, signal, time
from tumorscope.commands import pacs
pacs._GIVE_UP_S = 0.2
signal.signal(signal.SIGTERM, pacs._end)
try:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0)
except KeyboardInterrupt:
    while True:
        time.sleep(1)
"""


def test_what_does_not_end_in_order_ends_all_the_same_and_says_where_it_was() -> None:
    ended = subprocess.run([sys.executable, "-c", _SWALLOWED], capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 1
    assert 'File "<string>", line 11 in <module>' in ended.stderr
