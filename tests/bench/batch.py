"""``python -m tests.bench.batch``: a batch of pictures from sixteen threads, against the same pictures one by one.

None may be refused, and the batch should take at most 1.15 times what one connection takes, divided by how much faster
the machine predicts in as many threads as it has cores.
"""

import http.client
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psutil

from tests.bench.load import Request, compose, find_status, measure_throughput
from tests.bench.servers import OURS, make_form, serve
from tests.factories import make_phantom_file
from tumorscope.api.settings import Settings
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.engines.choose import open_classifier
from tumorscope.inference.pipeline import predict_upload
from tumorscope.model.bundle import read_bundle

_PICTURES = 300
_THREADS = 16
_CHUNK = 1 << 16


def main() -> None:
    """Measure and print."""
    bundle = Settings().bundle
    picture = make_phantom_file("JPEG", size=512)
    message = compose(Request("/predict", *make_form(picture)))
    with serve(OURS, bundle) as server:

        def send(count: int) -> int:
            """How many of so many requests over one connection are refused.

            Put together before: the cores are the server's.
            """
            with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sum(_exchange(connection, message) != http.client.OK for _ in range(count))

        send(20)
        started = time.perf_counter()
        send(_PICTURES)
        alone_s = time.perf_counter() - started
        shares = [_PICTURES // _THREADS + (number < _PICTURES % _THREADS) for number in range(_THREADS)]
        started = time.perf_counter()
        with ThreadPoolExecutor(_THREADS) as threads:
            refused = sum(threads.map(send, shares))
        batch_s = time.perf_counter() - started
    classifier = open_classifier(read_bundle(bundle), "auto", None, "balanced")
    upload = sniff_upload([SourceFile("", picture)])
    call = partial(predict_upload, classifier, upload, partial(decode_upload, limits=FROM_DISK))
    cores = psutil.cpu_count() or 1
    speed_up = measure_throughput(call, cores)["per_second"] / measure_throughput(call, 1)["per_second"]
    sys.stdout.write(
        f"{_PICTURES} pictures: one by one {alone_s:.1f} s, from {_THREADS} threads {batch_s:.1f} s; "
        f"{refused} refused; {cores} cores are {speed_up:.2f} times one; "
        f"{batch_s * speed_up / alone_s:.2f} times what that leaves\n"
    )


def _exchange(connection: socket.socket, message: bytes) -> int:
    """The status of the answer."""
    connection.sendall(message)
    received = bytearray()
    while (status := find_status(received)) is None:
        more = connection.recv(_CHUNK)
        if not more:
            return 0
        received += more
    return status


if __name__ == "__main__":
    main()
