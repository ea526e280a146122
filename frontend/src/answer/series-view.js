import { translate } from '../i18n/translate.js';
import { fitSlice } from '../reading/pixels/viewport.js';
import { createElement } from '../shell/element.js';
import { describeSequence } from './service-messages.js';
import { describePlane } from './study-facts.js';
import './series-view.css';

/** @typedef {import('../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {PredictionAnswer['input']['series'][number]} Series */
/** @typedef {import('../state/study.js').Study} Study */
/** @typedef {import('../reading/preview/read-thumbnails.js').Thumbnail} Thumbnail */

// Twice what the style sheet shows, for screens of fine pixels.
const SIDE_PX = 112;

/**
 * The pictures of the series of a study, by their UIDs, as long as the page has its files: to read them takes seconds.
 * @type {WeakMap<File[], Map<string, HTMLCanvasElement>>}
 */
const drawn = new WeakMap();

/**
 * The series of a study, each with its middle slice: which one was read; a click on another has that one read.
 * @param {HTMLElement} root
 * @param {(signal: AbortSignal, files: File[]) => Promise<Thumbnail[]>} readThumbnails
 * @param {{ onSeries: (id: number, uid: string) => void }} events
 */
export function createSeriesView(root, readThumbnails, { onSeries }) {
  /** @type {PredictionAnswer | null} */
  let shown = null;
  let reading = new AbortController();
  const list = createElement('ul');
  const section = createElement('section', { className: 'series', hidden: true }, [
    createElement('h3', { textContent: translate('series.title') }),
    list,
  ]);
  root.append(section);

  return {
    /**
     * @param {Study} study
     * @param {PredictionAnswer | null} prediction of it that is shown
     */
    update(study, prediction) {
      if (prediction === shown) return;
      shown = prediction;
      reading.abort();
      const series = prediction?.input.series ?? [];
      section.hidden = series.length < 2;
      const { id, files } = study;
      const kept = files === null ? undefined : drawn.get(files);
      const pictures = kept ?? new Map(series.map(({ uid }) => [uid, createPicture()]));
      const rows = series.map((one) => {
        const row = createRow(one, files === null, () => onSeries(id, one.uid));
        row.prepend(pictures.get(one.uid) ?? createPicture());
        return createElement('li', {}, [row]);
      });
      list.replaceChildren(...rows);
      if (files === null || section.hidden || kept !== undefined) return;
      reading = new AbortController();
      readThumbnails(reading.signal, files).then((thumbnails) => {
        drawn.set(files, pictures);
        for (const { uid, description } of series) {
          const canvas = pictures.get(uid);
          // The largest stack of a series comes first; a volume of a case is described by the name of its file.
          const own = thumbnails.find(({ of }) => of === uid || of === description);
          if (canvas !== undefined && own !== undefined) draw(canvas, own);
        }
      });
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Thumbnail} thumbnail
 */
async function draw(canvas, { pixels, width, height, size }) {
  const picture = await createImageBitmap(new ImageData(pixels, width, height));
  const place = fitSlice(size, SIDE_PX);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, place.x, place.y, place.width, place.height);
}

function createPicture() {
  const canvas = createElement('canvas', { width: SIDE_PX, height: SIDE_PX });
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}

/**
 * @param {Series} series
 * @param {boolean} disabled
 * @param {() => void} onclick
 */
function createRow(series, disabled, onclick) {
  const { chosen, description, slice_count } = series;
  const button = createElement('button', { type: 'button', disabled, onclick }, [
    createElement('span', {
      className: 'series-name',
      textContent: description || translate('series.unnamed'),
    }),
    createElement('span', {
      className: 'series-facts',
      textContent: [
        ...(chosen ? [translate('series.read')] : []),
        ...(series.plane === null ? [] : [describePlane(series.plane)]),
        translate(slice_count === 1 ? 'series.slice' : 'series.slices', { count: slice_count }),
        ...(series.sequence === null ? [] : [describeSequence(series.sequence)]),
      ].join(' · '),
    }),
  ]);
  button.setAttribute('aria-pressed', String(chosen));
  return button;
}
