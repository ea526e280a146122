"""Files that take much memory, one by one and at once, against the stack with its defaults; `make attack` sends all."""

from functools import partial

import httpx

from tests.attacks.container import Container
from tests.attacks.files import MEMORY
from tests.attacks.memory import MOST_MIB, watch_memory
from tests.attacks.run import attack, attack_at_once, time_picture
from tests.compose.stack import Stack


def test_files_that_take_much_memory_end_no_process(stack: Stack) -> None:
    container = Container(stack.container("backend"))
    restarts = container.inspect("RestartCount")
    make_client = partial(httpx.Client, base_url=f"{stack.url}/api", timeout=120, trust_env=False)
    with make_client() as client, watch_memory(container.inspect("State.Pid")) as peak:
        outcomes = list(attack(client, MEMORY, peak))
        outcomes += attack_at_once(make_client, MEMORY)
        time_picture(client)
    assert [one for one in outcomes if not one.is_right] == []
    assert max(peak.take(), *(one.peak_mib for one in outcomes)) < MOST_MIB
    assert (container.inspect("RestartCount") - restarts, container.count_kills()) == (0, 0)
