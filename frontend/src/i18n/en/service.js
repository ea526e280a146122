/**
 * Every reason and every warning of the service, by its code; the names in braces are its parameters. A sentence for a
 * patient can be read at about twelve years of age.
 */
export const SERVICE = {
  'reason.tumor_assumed.staff':
    'This model distinguishes kinds of tumour. It assumes that there is a tumour and does not check for one.',
  'reason.tumor_assumed.patient':
    'This program was told that there is a tumour. It did not look for one.',
  'reason.tumor_and_none_possible.staff':
    'Tumour and no tumour both remain possible: the prediction set contains both.',
  'reason.tumor_and_none_possible.patient':
    'The program cannot tell from this picture whether there is a tumour. A doctor has to look at it.',
  'reason.several_kinds_possible.staff':
    'More than one kind of tumour remains possible: the prediction set contains several.',
  'reason.several_kinds_possible.patient':
    'The program sees something that may be a tumour. It cannot tell which kind. A doctor has to look at it.',
  'reason.low_confidence.staff':
    'The most probable class is not probable enough to be given as the answer.',
  'reason.low_confidence.patient':
    'The program is not sure enough to answer. A doctor has to look at the picture.',
  'reason.tumor_not_excluded.staff':
    '“No tumour” is the most probable class, but the tumour probability is too high to rule out a tumour.',
  'reason.tumor_not_excluded.patient':
    'The program cannot rule out a tumour. A doctor has to look at the picture.',
  'reason.sequence_cannot_exclude.staff':
    'The model overlooks more tumours on {sequence}: at this probability it cannot rule one out. It could on {able}.',
  'reason.sequence_cannot_exclude.patient':
    'This kind of picture is not enough for the program to rule out a tumour. A doctor has to look at it.',
  'reason.kind_cannot_exclude.staff':
    'The model was not trained on images of this kind: it cannot rule out a tumour on them.',
  'reason.kind_cannot_exclude.patient':
    'This kind of picture is not enough for the program to rule out a tumour. A doctor has to look at it.',
  'reason.not_brain_mri.staff': 'The image is unlike the brain MRI that the model was trained on.',
  'reason.not_brain_mri.patient':
    'This does not look like an MRI picture of a head. The program cannot say anything about it.',
  'reason.like_ct.staff':
    'The image resembles a CT: a closed bright rim, like bone, surrounds darker contents. The model reads MRI only.',
  'reason.like_ct.patient':
    'This looks like a CT picture. The program was made for MRI pictures. It cannot say anything about this one.',
  'reason.constant.staff': 'The image is blank: almost all of it has the same grey level.',
  'reason.constant.patient': 'This picture is empty. The program cannot say anything about it.',
  'reason.few_grey_levels.staff': 'The image is black and white, like text or a drawing.',
  'reason.few_grey_levels.patient':
    'This looks like text or a drawing. The program cannot say anything about it.',
  'reason.coloured.staff': 'The image is in colour throughout, like a photograph.',
  'reason.coloured.patient':
    'This looks like a colour photo. The program cannot say anything about it.',
  'reason.too_small.staff': 'The image has too few pixels to show a head.',
  'reason.too_small.patient':
    'This picture is too small. The program cannot say anything about it.',
  'reason.too_narrow.staff': 'The image is a narrow strip and cannot show a whole head.',
  'reason.too_narrow.patient':
    'This picture is only a strip. The program cannot say anything about it.',
  'reason.tiled_image.staff':
    'The image shows several slices side by side. Send each slice as an image of its own, or the series itself.',
  'reason.tiled_image.patient':
    'This shows many pictures side by side. The program can only read one at a time.',
  'reason.most_slices_refused.staff':
    'More than half of the slices that were analysed do not look like brain MRI.',
  'reason.most_slices_refused.patient':
    'Most of these pictures do not look like an MRI of a head. The program cannot say anything about them.',

  'warning.multiple_frames': 'The file contains several images. Only the first one was read.',
  'warning.exif_rotated':
    'The EXIF data of the file call for a rotation or a reflection. It was applied.',
  'warning.mostly_coloured': 'The image is in colour throughout, like a photograph.',
  'warning.colour_picture': 'The image is in colour. Only its brightness was used.',
  'warning.files_left_out': '{left_out} of {total} files could not be read. They were left out.',
  'warning.other_files_left_out': 'Other files were left out: {count} ({kinds}).',
  'warning.series_chosen':
    'The upload contains {series} series. One of them was read ({files} files).',
  'warning.slices_left_out':
    'Slices that differ from the rest in size or orientation were left out: {count}.',
  'warning.duplicate_slices':
    'Slices at the same position as another slice were left out: {count}. One whole stack was read (magnitude, lowest b-value, first echo or first time point).',
  'warning.missing_slices': 'The slices are not evenly spaced: some are missing.',
  'warning.first_stack':
    'The file contains several stacks of slices (echoes, diffusion weightings or time points). Only one was read.',
  'warning.first_volume': 'The file contains several volumes. Only the first one was read.',
  'warning.no_spacing': 'The file states no valid spacing of pixels or slices. 1 mm was assumed.',
  'warning.no_position':
    'The slices do not state where they lie. They were ordered by their slice location or number.',
  'warning.sheared': 'The slices are shifted against each other. Other planes are distorted.',
  'warning.slices_on_fourth_axis':
    'The file holds volumes of one slice. They were read as the slices of one volume.',
  'warning.unlikely_size':
    'By its stated spacing the image is {extent_mm} mm long, which no image of a human head is.',
  'warning.no_orientation':
    'The file does not state how the slices are oriented. Axial slices were assumed.',
  'warning.not_finite': 'Some voxels are not finite numbers. They were set to the darkest value.',
  'warning.constant': 'All voxels have the same value.',
  'warning.segmentation_left_out': 'A segmentation was uploaded as well. It was not used.',
  'warning.sequence_chosen':
    'Several sequences were uploaded. The model reads a single one and read {sequence}.',
  'warning.secondary_capture':
    'The file is not an original MR image: it is a screen capture, or it does not state that it comes from an MR scanner.',
  'warning.other_body_part': 'The file states a body part other than the head.',
  'warning.localizer': 'The image is a localizer (a planning scan).',
  'warning.derived_map':
    'The image is computed from other images, or shows a phase, real or imaginary part. The model was not trained on such images.',
  'warning.low_resolution':
    'The head is {head_px} pixels wide, the model input {model_px}: small tumours cannot be seen.',
  'warning.clipped_intensities':
    '{share} of the pixels of the head have the brightest value: detail is lost.',
  'warning.sequence_hardly_seen':
    'The file states {sequence}. The model learned tumours almost only from {trained}.',
  'warning.kind_hardly_seen': 'The file states {kind}. The model was not trained on such images.',
  'warning.plane_hardly_seen':
    'The slice is oblique. The model was trained on axial, coronal and sagittal slices.',

  'kind.text': 'text',
  'kind.Office document': 'office documents',
  'kind.mask': 'masks or maps',
  'kind.empty': 'empty',
  'kind.functional': 'functional or diffusion images',
  'kind.image': 'pictures',
  'kind.unknown': 'unknown',

  'image_kind.susceptibility': 'a T2*- or susceptibility-weighted image (not T2)',
  'image_kind.diffusion': 'a diffusion image',
  'image_kind.perfusion': 'a perfusion image',
  'image_kind.functional': 'a functional image',
  'image_kind.angiography': 'an angiography',
  'image_kind.field_map': 'a field map',

  'sequence.flair': 'FLAIR',
  'sequence.t1': 'non-contrast T1',
  'sequence.t1ce': 'contrast-enhanced T1',
  'sequence.t2': 'T2',
};
