import {
  fetchExample,
  fetchHealth,
  fetchModel,
  fetchVolume,
  predict,
} from '../../../frontend/src/api/client.js';
import { makeFile, makeHealth, makeModelAnswer, makePrediction } from '../factories.mjs';

/** What the network does with the one request of a test. */
class StubbedRequest {
  static answer = { status: 200, body: '', headers: /** @type {Record<string, string>} */ ({}) };
  /** @type {StubbedRequest} */
  static last;

  upload = { onprogress: (/** @type {object} */ _event) => {}, onload: () => {} };
  onprogress = () => {};
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  onloadend = () => {};
  /** @type {Record<string, string>} */
  sentHeaders = {};
  status = 0;
  responseText = '';

  constructor() {
    StubbedRequest.last = this;
  }

  /** @param {string} method @param {string} url */
  open(method, url) {
    this.target = `${method} ${url}`;
  }

  /** @param {string} name @param {string} value */
  setRequestHeader(name, value) {
    this.sentHeaders[name] = value;
  }

  /** @param {FormData} form */
  send(form) {
    this.form = form;
  }

  /** @param {string} name */
  getResponseHeader(name) {
    return StubbedRequest.answer.headers[name] ?? null;
  }

  abort() {
    this.onabort();
  }

  /** @param {string} body the beginning of an answer */
  receivePart(body) {
    this.responseText = body;
    this.onprogress();
  }

  /** @param {number} status @param {string} body */
  receive(status, body) {
    this.status = status;
    this.responseText = body;
    this.onload();
  }
}

beforeEach(() => {
  vi.stubGlobal('XMLHttpRequest', StubbedRequest);
});

/** @param {string | null} [series] */
function startPrediction(series = null) {
  const controller = new AbortController();
  const onUploaded = vi.fn();
  const onRead = vi.fn();
  const files = [makeFile('1.dcm'), makeFile('2.dcm')];
  const answer = predict(controller.signal, { files, series }, { onUploaded, onRead });
  return { controller, onUploaded, onRead, answer, request: StubbedRequest.last };
}

describe('a prediction', () => {
  test('is asked for with the files of one study and a request id, and given as it came', async () => {
    const { answer, request } = startPrediction();
    request.receive(200, JSON.stringify(makePrediction()));
    const requestId = request.sentHeaders['X-Request-Id'];
    expect(await answer).toEqual({ prediction: makePrediction(), requestId });
    expect(request.target).toBe('POST /api/predict?picture=shown&slices=all&explain=kinds');
    expect(request.form?.getAll('file')).toHaveLength(2);
    expect(request.sentHeaders['X-Request-Id']).toMatch(/^[A-Za-z0-9._-]{32,128}$/);
  });

  test('of a series that was chosen asks for it', async () => {
    const { request } = startPrediction('1.2.840.1');
    expect(request.target).toMatch(/&series=1\.2\.840\.1$/);
    request.onloadend();
  });

  test('tells how much is uploaded', async () => {
    const { onUploaded, request } = startPrediction();
    request.upload.onprogress({ lengthComputable: true, loaded: 40, total: 100 });
    request.upload.onprogress({ lengthComputable: false, loaded: 60, total: 0 });
    request.upload.onload();
    expect(onUploaded.mock.calls).toEqual([[0.4], [1]]);
  });

  test('tells how many slices are read, by the last whole line', async () => {
    const { answer, onRead, request } = startPrediction();
    const lines = [16, 32].map((done) => `{"event":"progress","done":${done},"total":140}\n`);
    request.receivePart(`${lines.join('')}{"event":"prog`);
    expect(onRead.mock.calls).toEqual([[32, 140]]);
    const result = JSON.stringify({ event: 'result', ...makePrediction() });
    request.receive(200, `${lines.join('')}${result}\n`);
    expect((await answer).prediction).toEqual(makePrediction());
  });

  test('fails with a problem that came after the first progress', async () => {
    const { answer, request } = startPrediction();
    const problem = { event: 'error', status: 422, code: 'corrupt_file', request_id: 'r-2' };
    request.receive(200, `{"event":"progress","done":0,"total":9}\n${JSON.stringify(problem)}\n`);
    await expect(answer).rejects.toMatchObject({
      code: 'corrupt_file',
      status: 422,
      requestId: 'r-2',
    });
  });

  test.each(['{"event":"resu', ''])(
    'is lost with the service where the answer breaks off after %j',
    async (end) => {
      const { answer, request } = startPrediction();
      request.receive(200, `{"event":"progress","done":0,"total":9}\n${end}`);
      await expect(answer).rejects.toMatchObject({ code: 'unreachable' });
    },
  );

  describe('that hears nothing', () => {
    beforeEach(() => vi.useFakeTimers());
    afterEach(() => vi.useRealTimers());

    /** @param {boolean} isThere */
    const serve = (isThere) => {
      const ask = vi.fn(async () => {
        if (!isThere) throw new TypeError('refused');
        return new Response(JSON.stringify({ status: 'ready', uptime_s: 1 }));
      });
      vi.stubGlobal('fetch', ask);
      return ask;
    };

    test('waits as long as a service answers otherwise, even one that started later', async () => {
      const ask = serve(true);
      const { answer, request } = startPrediction();
      await vi.advanceTimersByTimeAsync(300_000);
      expect(ask.mock.calls.length).toBeGreaterThan(10);
      request.receive(200, JSON.stringify(makePrediction()));
      expect((await answer).prediction).toEqual(makePrediction());
    });

    test('is lost where its service does not answer twice', async () => {
      const ask = serve(false);
      const { answer, request } = startPrediction();
      request.receivePart('{"event":"progress","done":16,"total":101}\n');
      const failed = expect(answer).rejects.toMatchObject({ code: 'unreachable' });
      await vi.advanceTimersByTimeAsync(60_000);
      await failed;
      expect(ask).toHaveBeenCalledTimes(2);
    });

    test('is lost after a silence that no request outlives, whoever answers otherwise', async () => {
      serve(true);
      const { answer, request } = startPrediction();
      request.receivePart('{"event":"progress","done":16,"total":101}\n');
      const failed = expect(answer).rejects.toMatchObject({ code: 'unreachable' });
      await vi.advanceTimersByTimeAsync(400_000);
      await failed;
    });

    test('asks nobody while it goes on', async () => {
      const ask = serve(false);
      const { request } = startPrediction();
      for (let second = 0; second < 100; second += 10) {
        await vi.advanceTimersByTimeAsync(10_000);
        request.receivePart(`{"event":"progress","done":${second},"total":101}\n`);
      }
      expect(ask).not.toHaveBeenCalled();
      request.onloadend();
    });
  });

  test('fails with the problem of the service', async () => {
    const { answer, request } = startPrediction();
    request.receive(422, JSON.stringify({ code: 'corrupt_file', request_id: 'r-1' }));
    await expect(answer).rejects.toMatchObject({ code: 'corrupt_file', requestId: 'r-1' });
  });

  test("fails with the page of a gateway, under the request's own id", async () => {
    const { answer, request } = startPrediction();
    request.receive(413, '<html>413 Request Entity Too Large</html>');
    await expect(answer).rejects.toMatchObject({
      code: 'upload_too_large',
      requestId: request.sentHeaders['X-Request-Id'],
    });
  });

  test.each(['<html>', '{}', 'null'])('is not made of a 200 that says %s', async (body) => {
    const { answer, request } = startPrediction();
    request.receive(200, body);
    await expect(answer).rejects.toMatchObject({ code: 'unreadable_answer' });
  });

  test('fails as unreachable where nobody answers', async () => {
    const { answer, request } = startPrediction();
    request.onerror();
    await expect(answer).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('is given up when it is aborted', async () => {
    const { answer, controller } = startPrediction();
    controller.abort();
    await expect(answer).rejects.toBe(controller.signal.reason);
  });

  test('is not sent when it was aborted before', async () => {
    const before = StubbedRequest.last;
    await expect(
      predict(
        AbortSignal.abort(),
        { files: [makeFile('scan.png')], series: null },
        {
          onUploaded: () => {},
          onRead: () => {},
        },
      ),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(StubbedRequest.last).toBe(before);
  });

  test('has a request id on plain http too, where browsers give no randomUUID', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const { request } = startPrediction();
    expect(request.sentHeaders['X-Request-Id']).toMatch(/^[0-9a-f]{32}$/);
  });
});

/** @param {() => Response} respond */
function stubFetch(respond) {
  const fetched = vi.fn(async () => respond());
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

describe('the health of the service', () => {
  const { signal } = new AbortController();

  test('is read from a 503 too', async () => {
    stubFetch(() => Response.json(makeHealth('starting'), { status: 503 }));
    expect(await fetchHealth(signal)).toEqual(makeHealth('starting'));
  });

  test("is unreachable behind a gateway's own page", async () => {
    stubFetch(() => new Response('<html>502 Bad Gateway</html>', { status: 502 }));
    await expect(fetchHealth(signal)).rejects.toMatchObject({ code: 'unreachable', status: 502 });
  });

  test('is unreachable where nobody answers', async () => {
    stubFetch(() => {
      throw new TypeError('Failed to fetch');
    });
    await expect(fetchHealth(signal)).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('the model', () => {
  const { signal } = new AbortController();

  test('says of itself what the service answers', async () => {
    stubFetch(() => Response.json(makeModelAnswer()));
    expect(await fetchModel(signal)).toEqual(makeModelAnswer());
  });

  test('is not there before the service is ready', async () => {
    stubFetch(() => Response.json({ code: 'not_ready', title: 'x' }, { status: 503 }));
    await expect(fetchModel(signal)).rejects.toMatchObject({ code: 'not_ready', status: 503 });
  });

  test('is no page of a gateway', async () => {
    stubFetch(() => new Response('<html>', { status: 200 }));
    await expect(fetchModel(signal)).rejects.toMatchObject({ code: 'unreadable_answer' });
  });
});

describe('an example', () => {
  const { signal } = new AbortController();

  test('becomes a file of its name', async () => {
    const response = new Response('pixels');
    // jsdom's files do not hold the blobs of Node's own fetch.
    response.blob = async () => new Blob(['pixels'], { type: 'image/png' });
    stubFetch(() => response);
    const file = await fetchExample(signal, '/examples/a.png', 'a.png');
    expect(file.name).toBe('a.png');
    expect(file.type).toBe('image/png');
    expect(file.size).toBe(6);
  });

  test('that is missing is a failure', async () => {
    stubFetch(() => new Response('', { status: 404 }));
    await expect(fetchExample(signal, '/examples/a.png', 'a.png')).rejects.toMatchObject({
      status: 404,
    });
  });
});

test('the voxels of a study are asked for with its files', async () => {
  const fetched = vi.fn(async (/** @type {string} */ _url, /** @type {RequestInit} */ _init) => {
    return new Response(new Uint8Array([7]));
  });
  vi.stubGlobal('fetch', fetched);
  const files = [makeFile('1.dcm'), makeFile('2.dcm')];
  const volume = await fetchVolume(new AbortController().signal, { files, series: '1.2.3' });
  expect([...new Uint8Array(volume)]).toEqual([7]);
  const [url, init] = fetched.mock.calls[0] ?? ['', {}];
  expect([init.method, url]).toEqual(['POST', '/api/volume?series=1.2.3']);
  const sent = /** @type {FormData} */ (init.body).getAll('file');
  expect(sent.map((file) => /** @type {File} */ (file).name)).toEqual(['1.dcm', '2.dcm']);
});

test('voxels that are refused say why', async () => {
  const problem = JSON.stringify({ code: 'overloaded', detail: 'Later.' });
  const answer = new Response(problem, { status: 503, headers: { 'Retry-After': '3' } });
  vi.stubGlobal('fetch', async () => answer);
  await expect(
    fetchVolume(new AbortController().signal, { files: [], series: null }),
  ).rejects.toMatchObject({
    code: 'overloaded',
    status: 503,
    retryAfterS: 3,
  });
});
