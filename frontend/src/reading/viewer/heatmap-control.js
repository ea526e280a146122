import { findHeatColor } from '../../answer/class-colors.js';
import { describeClass } from '../../answer/decision.js';
import { translate } from '../../i18n/translate.js';
import { createButton, createElement } from '../../shell/element.js';
import { findKind, listHeatmaps, listKinds } from '../heatmaps.js';
import './heatmap-control.css';

/** @typedef {import('../../api/client.js').PredictionAnswer} PredictionAnswer */
/** @typedef {import('./display.js').Display} Display */

/**
 * The opacity of the heat map over the slice, its class and colour scale, and the slices that have one.
 * @param {HTMLElement} root
 * @param {(command: import('./display.js').DisplayCommand) => void} onCommand
 */
export function createHeatmapControl(root, onCommand) {
  /** @type {PredictionAnswer | null} */
  let shown = null;
  const name = createElement('span');
  const slider = createElement('input', {
    type: 'range',
    min: '0',
    max: '100',
    oninput: () => onCommand({ kind: 'fade', opacity: Number(slider.value) / 100 }),
  });
  const classes = createElement('select', {
    onchange: () => onCommand({ kind: 'explain', tumor: classes.value || null }),
  });
  classes.setAttribute('aria-label', translate('heatmap.class'));
  const ramp = createElement('span', { className: 'heatmap-ramp' });
  ramp.setAttribute('aria-hidden', 'true');
  const legend = createElement('span', { className: 'heatmap-legend' }, [
    createElement('span', { textContent: translate('heatmap.low') }),
    ramp,
    createElement('span', { textContent: translate('heatmap.high') }),
  ]);
  const places = createElement('div', { className: 'heatmap-places' });
  const control = createElement('div', { className: 'heatmap-control', hidden: true }, [
    createElement('label', {}, [name, slider]),
    classes,
    places,
    legend,
  ]);
  root.append(control);

  /** @param {PredictionAnswer} prediction */
  function build(prediction) {
    const kinds = listKinds(prediction);
    classes.replaceChildren(
      createElement('option', { value: '', textContent: translate('heatmap.mostProbable') }),
      ...kinds.map((kind) =>
        createElement('option', { value: kind, textContent: describeClass(kind) }),
      ),
    );
    const indices = listHeatmaps(prediction).map(({ slice_index }) => slice_index);
    places.replaceChildren(
      translate('heatmap.onSlices'),
      ...indices.sort((one, other) => one - other).map((index) => createPlace(index, onCommand)),
    );
  }

  return {
    /**
     * @param {PredictionAnswer | null} prediction
     * @param {Display} display
     * @param {import('../../state/session.js').Wording} wording
     */
    update(prediction, { index, opacity, tumor }, wording) {
      const explained = prediction?.explanation ? prediction : null;
      control.hidden = explained === null;
      if (explained === null) return;
      if (explained !== shown) build(explained);
      shown = explained;
      const forStaff = wording === 'staff';
      classes.hidden = !forStaff || listKinds(explained).length < 2;
      places.hidden = explained.input.slice_count < 2;
      const kind = tumor ?? findKind(explained, index);
      const words =
        explained.decision === 'no_tumor'
          ? translate('heatmap.littleFor', { kind: describeClass(kind) })
          : translate('heatmap.for', { kind: describeClass(kind) });
      name.textContent = forStaff ? words : translate('heatmap.patient');
      slider.value = String(Math.round(opacity * 100));
      classes.value = tumor ?? '';
      control.style.setProperty('--heat', findHeatColor(explained, kind));
      for (const button of places.querySelectorAll('button')) {
        button.setAttribute('aria-pressed', String(button.value === String(index)));
      }
    },
  };
}

/**
 * @param {number} index
 * @param {(command: import('./display.js').DisplayCommand) => void} onCommand
 */
function createPlace(index, onCommand) {
  const button = createButton(String(index + 1), () => onCommand({ kind: 'go', index }), {
    value: String(index),
  });
  button.setAttribute('aria-label', translate('heatmap.goToSlice', { number: index + 1 }));
  return button;
}
