import {
  startPreview,
  startThumbnails,
} from '../../../../frontend/src/reading/preview/start-preview.js';
import { makeDicomFile } from './dicom.mjs';

test('a browser without workers of modules reads the files in the page', async () => {
  vi.stubGlobal(
    'Worker',
    class extends EventTarget {
      constructor() {
        super();
        queueMicrotask(() => this.dispatchEvent(new Event('error')));
      }

      postMessage() {}
    },
  );
  const file = makeDicomFile({ pixels: Uint16Array.of(1, 2), columns: 2 });
  const voxels = await startPreview(new AbortController().signal, [file]);
  expect(voxels?.shape).toEqual([2, 1, 1]);
  const [thumbnail] = await startThumbnails(new AbortController().signal, [file]);
  expect(thumbnail?.of).toBe('2.25.1');
});
